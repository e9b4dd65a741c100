#!lua
-- KEYS: log, how far the publisher has come, description; if the events have ids, the ids of late, and those before.
-- ARGV: epoch, sequence of the first event, 1 if events may be missing before it, 1 if they may have been handled, how
-- long the publisher is remembered in ms, event channel, notice channel, frame, events; if they have ids, how long one
-- is remembered in ms, how many are, and the ids. Answers 0, last sequence, its position, since which sequence positions
-- follow each other, how many were appended, what went wrong with the channels, 1 if nobody hears the event channel, and
-- the position of each id; or 1 and the last sequence, if there is a hole; or 2, if it is full; or 3, if this is another
-- epoch. Without a frame, the caller publishes it if it is heard.
local ids = KEYS[4]
local count = ids and (#ARGV - 10) / 2 or #ARGV - 8
local first = tonumber(ARGV[2])
local conf = redis.call('HMGET', KEYS[3], 'epoch', 'limit')
if conf[1] ~= ARGV[1] then return {3} end
local known = redis.call('GET', KEYS[2])
local last, id, from = 0, false, 0
if known then
  local l, i, f = known:match('^(%d+) (%d+%-%d+) (%d+)$')
  if l then last, id, from = tonumber(l), i, tonumber(f) end
end
if first > last + 1 then
  if ARGV[3] ~= '1' then return {1, last} end
  if count > 0 then last = first - 1 end
end
local skipped = last - first + 1
local new = count - skipped
local positions -- of each id
if ids and count > 0 then
  local late = redis.call('HMGET', ids, unpack(ARGV, count + 11))
  local before = redis.call('HMGET', KEYS[5], unpack(ARGV, count + 11))
  positions = {}
  local seen = {}
  for i = 1, count do
    local own = ARGV[count + 10 + i]
    positions[i] = late[i] or before[i]
    if i > skipped then
      if positions[i] or seen[own] then new = new - 1 end
      seen[own] = true
    end
  end
end
if count == 0 or skipped >= count then
  if id then redis.call('PEXPIRE', KEYS[2], ARGV[5]) end
  return {0, last, id, from, 0, false, 0, positions}
end
if new > 0 and redis.call('XLEN', KEYS[1]) + new > tonumber(conf[2] or 'inf') then return {2} end
from = last + 1
local newest = false
local at = '*' -- then the same millisecond, so that each position follows from the last one
if ids then
  local window, most, time = tonumber(ARGV[count + 9]), tonumber(ARGV[count + 10]), redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local since = redis.call('HGET', ids, '')
  if since and (now - since >= window or redis.call('HLEN', ids) > most) then
    redis.call('UNLINK', KEYS[5])
    redis.call('RENAME', ids, KEYS[5])
    since = false
  end
  if not since then
    redis.call('HSET', ids, '', string.format('%.0f', now))
    redis.call('PEXPIRE', ids, string.format('%.0f', 2 * window))
  end
  local repaired = ARGV[4] == '1' and {'r', '1'} or {}
  local added, apart = {}, false
  new = 0
  for i = skipped + 1, count do
    local own = ARGV[count + 10 + i]
    local there = positions[i] or added[own]
    if there then -- its position follows from no other one, nor the next from it
      id, from, apart = there, first + i - 1, true
    else
      id = redis.call('XADD', KEYS[1], at, 'e', ARGV[i + 8], unpack(repaired))
      redis.call('HSET', ids, own, id)
      if at == '*' then at = id:match('^%d+') .. '-*' end
      if apart then from, apart = first + i - 1, false end
      added[own], newest, new = id, id, new + 1
    end
    positions[i] = id
  end
else
  for i = skipped + 1, count do
    if ARGV[4] == '1' then
      id = redis.call('XADD', KEYS[1], at, 'e', ARGV[i + 8], 'r', '1')
    else
      id = redis.call('XADD', KEYS[1], at, 'e', ARGV[i + 8])
    end
    if at == '*' then at = id:match('^%d+') .. '-*' end
  end
  newest = id
end
last = first + count - 1
redis.call('SET', KEYS[2], string.format('%.0f %s %.0f', last, id, from), 'PX', ARGV[5])
local wrong = false -- that something is not allowed on a channel does not undo what is stored
local unheard = 0
if ARGV[6] ~= '' and ARGV[8] == '' then
  local subscribers = redis.pcall('PUBSUB', 'NUMSUB', ARGV[6])
  if subscribers[2] == 0 and redis.pcall('PUBSUB', 'NUMPAT') == 0 then unheard = 1 end
elseif ARGV[6] ~= '' then
  local heard = redis.pcall('PUBLISH', ARGV[6], ARGV[8])
  if type(heard) == 'table' then wrong = heard.err end
end
local noticed = newest and redis.pcall('PUBLISH', ARGV[7], newest)
if type(noticed) == 'table' then wrong = noticed.err end
return {0, last, id, from, new, wrong, unheard, positions}
