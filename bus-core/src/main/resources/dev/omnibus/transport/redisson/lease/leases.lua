-- KEYS: the index, its changes, its version, the marker of the last run; for write and end the entry. ARGV: what to do.
local function ask(command, key, ...) -- what anybody has put in the place of a list or of the version is in the way
  local answer = redis.pcall(command, key, ...)
  if type(answer) ~= 'table' or not answer.err then return answer end
  if answer.err:find('WRONGTYPE', 1, true) then redis.call('DEL', key) end
  return redis.call(command, key, ...)
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function number(n) return string.format('%.0f', n) end
local function whole(text) -- 0 if it is no number that counts on exactly
  local n = #text <= 16 and tonumber(text:match('^%d+$')) or 0
  return n < 9e15 and n or 0
end
local version = number(whole(ask('GET', KEYS[3]) or ''))
if version == '0' then -- it was lost alone, or spoilt: it goes on after the last change
  version = ask('ZREVRANGEBYSCORE', KEYS[2], '(9e15', '(0', 'WITHSCORES', 'LIMIT', 0, 1)[2] or version
  if version ~= '0' then redis.call('SET', KEYS[3], version, 'PX', 60000) end
end

local function outlive(ms) -- what lists an entry stays a while longer than the entry
  for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ms + 10000) end
end
local function changed(name)
  version = number(math.max(now, tonumber(version) + 1))
  redis.call('SET', KEYS[3], version, 'PX', 60000)
  ask('ZADD', KEYS[2], version, name)
  redis.call('PEXPIRE', KEYS[2], 60000)
end
local function gone(name) -- it stays among the changes, so that readers learn of it
  if ask('ZREM', KEYS[1], name) == 1 then changed(name) end
end
local function foreign(name) -- no key in the slot of the index, where a cluster lets the script read; or one of its own
  for i = 1, 4 do
    if name == KEYS[i] then return true end
  end
  return name:match('^[^{]*{([^}]*)}') ~= KEYS[1]
end

if ARGV[1] == 'write' then -- ARGV: lifetime in ms, and the manifest
  redis.call('SET', KEYS[5], ARGV[3], 'PX', ARGV[2])
  ask('ZADD', KEYS[1], number(now), KEYS[5])
  changed(KEYS[5])
  if not redis.call('ZSCORE', KEYS[2], '') then redis.call('ZADD', KEYS[2], version, '') end
  outlive(ARGV[2])
  return {tonumber(version)}
elseif ARGV[1] == 'end' then
  redis.call('DEL', KEYS[5])
  gone(KEYS[5])
  return {tonumber(version)}
end

-- Those that have ended: that only their keys know, of which most are there. Once in a while, for all readers, and for
-- those that begin: who has missed a change, as all do at once, costs no more than that.
local run = whole(ask('GET', KEYS[4]) or '')
local recently = run <= now and now - run < 900000 and ARGV[2] ~= '0'
local listed = recently and {} or ask('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local entries = {}
local examined = {} -- the one that was examined longest ago, and any whose time of that cannot be
for i = 1, #listed, 2 do
  local name = listed[i]
  if foreign(name) then
    redis.call('ZREM', KEYS[1], name)
  else
    entries[#entries + 1] = name
    if #entries == 1 or tonumber(listed[i + 1]) > now then examined[#examined + 1] = name end
  end
end
local standing = recently and ask('ZCARD', KEYS[1]) or #entries
for first = 1, #entries, 1000 do
  local last = math.min(first + 999, #entries)
  if redis.call('EXISTS', unpack(entries, first, last)) <= last - first then
    for i = first, last do
      if redis.call('EXISTS', entries[i]) == 0 then
        gone(entries[i])
        standing = standing - 1
      end
    end
  end
end
for _, name in ipairs(examined) do
  local left = redis.call('PTTL', name)
  if left == -1 then -- written by somebody else, without an end
    redis.pcall('PEXPIRE', name, 1500)
    left = 1500
  end
  if left >= 0 then
    redis.call('ZADD', KEYS[1], number(now), name)
    if not ask('ZSCORE', KEYS[2], name) then changed(name) end -- it was lost
    outlive(left)
  end
end
-- What users without the right to run scripts have changed has no version yet.
for _, name in ipairs(ask('ZRANGEBYSCORE', KEYS[2], '-inf', '0')) do changed(name) end
if not recently then redis.call('SET', KEYS[4], number(now), 'PX', 900) end

-- ARGV: the version that is known, and 1 to go on after a first part. Answer: the version alone if it is the known one.
-- Else the version of this part, 1 if there is another part, 1 if the parts list all that stands, and each name that has
-- changed with its manifest, or, if it is gone, with the milliseconds since that was noticed.
if standing == 0 then -- an index that was lost alone is written again by those it listed, when they miss the version
  redis.call('DEL', KEYS[2], KEYS[3])
  return {tonumber(version), 0, 1}
end
-- The empty name: of those who went before its version, some are not among the changes any more.
if not redis.call('ZSCORE', KEYS[2], '') then
  changed('')
  for _, name in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if not redis.call('ZSCORE', KEYS[2], name) then changed(name) end
  end
end
if version == ARGV[2] then return {tonumber(version)} end

for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. version, '+inf')) do changed(name) end
if redis.call('ZCARD', KEYS[2]) > 2 * standing + 100 then
  local last = redis.call('ZSCORE', KEYS[2], '')
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', number(now - 10e6))) do
    if name ~= '' and not redis.call('ZSCORE', KEYS[1], name) then
      last = redis.call('ZSCORE', KEYS[2], name)
      redis.call('ZREM', KEYS[2], name)
    end
  end
  redis.call('ZADD', KEYS[2], last, '')
end
local since = whole(ARGV[2])
local all = ARGV[3]
if all ~= '1' and (since > tonumber(version) or since < tonumber(redis.call('ZSCORE', KEYS[2], ''))) then
  since = 0
  all = '1'
end
local names = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. number(since), version, 'WITHSCORES', 'LIMIT', 0, 1000)
local manifests = {} -- by name, of some that come next
local function read(first)
  local some = {}
  for i = first, math.min(first + 30, #names), 2 do
    if names[i] ~= '' and not foreign(names[i]) then some[#some + 1] = names[i] end
  end
  local values = #some > 0 and redis.call('MGET', unpack(some)) or {}
  for i, name in ipairs(some) do
    if values[i] and #values[i] > 1048576 or not values[i] and redis.call('EXISTS', name) == 1 then -- it is no manifest
      if redis.call('ZSCORE', KEYS[1], name) then redis.call('DEL', name) end -- its owner misses it then
      values[i] = false
    end
    manifests[name] = values[i]
  end
end
local answer = {tonumber(version), 0, tonumber(all) or 0}
local bytes = 0
for i = 1, #names, 2 do
  if i % 32 == 1 then read(i) end
  local name = names[i]
  local manifest = manifests[name]
  if manifest ~= nil then
    if manifest or all ~= '1' then
      local listed = not manifest and redis.call('ZSCORE', KEYS[1], name) -- then it has ended just now
      answer[#answer + 1] = name
      answer[#answer + 1] = manifest or (listed and 0 or math.max(0, math.floor((now - tonumber(names[i + 1])) / 1000)))
      bytes = bytes + #name + (manifest and #manifest or 0)
    end
  end
  if bytes > 524288 or i == 1999 then
    answer[1] = tonumber(names[i + 1])
    answer[2] = names[i + 1] ~= version and 1 or 0
    break
  end
end
return answer
