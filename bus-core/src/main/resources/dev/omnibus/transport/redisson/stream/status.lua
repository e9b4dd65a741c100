#!lua flags=no-writes
-- KEYS: log, description, positions of followers. Answers entries, bytes, at how many it is full, first position or
-- nothing, last one, time in ms, positions of followers, and for each group: name, lag or nothing, pending, released,
-- oldest or nothing, dead letters, consumers and whether they live.
local log, time = KEYS[1], now()
local fullAt = tonumber(redis.call('HGET', KEYS[2], 'fullAt') or '0')
local followers = redis.call('HGETALL', KEYS[3])
if redis.call('EXISTS', log) == 0 then return {0, 0, fullAt, false, '0-0', time, followers, {}} end
local function fields(list)
  local map = {}
  for i = 1, #list, 2 do map[list[i]] = list[i + 1] end
  return map
end
local bytes = redis.pcall('MEMORY', 'USAGE', log, 'SAMPLES', 5)
if type(bytes) ~= 'number' then bytes = 0 end
local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
local answer = {}
for i, info in ipairs(redis.call('XINFO', 'GROUPS', log)) do
  local g = fields(info)
  local oldest = redis.call('XPENDING', log, g.name, '-', '+', 1)[1]
      or redis.call('XRANGE', log, '(' .. g['last-delivered-id'], '+', 'COUNT', 1)[1]
  local consumers, released = {}, 0
  for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', log, g.name)) do
    c = fields(c)
    if c.name == '-' then
      released = c.pending
    else
      local ends = redis.call('ZSCORE', log .. ':live:' .. g.name, c.name)
      consumers[#consumers + 1] = c.name
      consumers[#consumers + 1] = ends and tonumber(ends) > time and 1 or 0
    end
  end
  answer[i] = {g.name, g.lag or false, g.pending, released, oldest and oldest[1] or false,
      redis.call('XLEN', log .. ':dead:' .. g.name), consumers}
end
local info = fields(redis.call('XINFO', 'STREAM', log))
return {redis.call('XLEN', log), bytes, fullAt, first and first[1] or false, info['last-generated-id'], time, followers,
    answer}
