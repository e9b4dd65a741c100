-- KEYS: the index, its changes, its version, the mark of the last run; for write and end the entry. ARGV: what to do.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local version = redis.call('GET', KEYS[3]) or '0'

local function number(n) return string.format('%.0f', n) end
local function outlive(ms) -- what lists an entry stays a while longer than the entry
  for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ms + 10000) end
end
local function changed(name)
  version = number(math.max(now, tonumber(version) + 1))
  redis.call('SET', KEYS[3], version, 'PX', 60000)
  redis.call('ZADD', KEYS[2], version, name)
  redis.call('PEXPIRE', KEYS[2], 60000)
end
local function gone(name)
  redis.call('ZREM', KEYS[2], name)
  if redis.call('ZREM', KEYS[1], name) == 1 then changed('') end
end

if ARGV[1] == 'write' then -- ARGV: lifetime in ms, and the manifest
  redis.call('SET', KEYS[5], ARGV[3], 'PX', ARGV[2])
  redis.call('ZADD', KEYS[1], number(now + ARGV[2] * 1000), KEYS[5])
  changed(KEYS[5])
  outlive(ARGV[2])
  return {tonumber(version)}
elseif ARGV[1] == 'end' then
  redis.call('DEL', KEYS[5])
  gone(KEYS[5])
  return {tonumber(version)}
end

-- Those whose end has come, unless they were renewed: that only their keys know.
local longest = 0
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], 0, number(now))) do
  local left = redis.call('PTTL', name)
  if left < 0 then
    gone(name)
  else
    redis.call('ZADD', KEYS[1], number(now + left * 1000), name)
    longest = math.max(longest, left)
  end
end
if longest > 0 then outlive(longest) end
-- What users without the right to run scripts have changed has no version yet.
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], 0, 0)) do changed(name) end
redis.call('SET', KEYS[4], 1, 'PX', 400)

if version == ARGV[2] then return {tonumber(version)} end -- ARGV: the version that is known
local since = tonumber(version) < tonumber(ARGV[2]) and '0' or ARGV[2]
local names = redis.call('ZRANGE', KEYS[1], 0, -1)
if #names == 0 then redis.call('DEL', KEYS[3]) end -- an index that was lost alone is written again by those it lists
local answer = {tonumber(version), #names}
for _, name in ipairs(names) do answer[#answer + 1] = name end
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. since, '+inf')) do
  if name ~= '' then answer[#answer + 1] = name end
end
return answer
