#!lua
-- KEYS: log, how far the publisher has come, description. ARGV: epoch, sequence of the first event, 1 if events may be
-- missing before it, 1 if they may have been handled, how long the publisher is remembered in ms, event channel, notice
-- channel, frame, events. Answers 0, last sequence, its position, since which sequence positions follow each other, how
-- many were appended, and what went wrong with the channels; or 1 and the last sequence, if there is a hole; or 2, if it
-- is full; or 3, if this is another epoch.
local count = #ARGV - 8
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
if count == 0 or skipped >= count then
  if id then redis.call('PEXPIRE', KEYS[2], ARGV[5]) end
  return {0, last, id, from, 0}
end
if redis.call('XLEN', KEYS[1]) + count - skipped > tonumber(conf[2] or 'inf') then return {2} end
from = last + 1
local at = '*' -- then the same millisecond, so that each position follows from the last one
for i = skipped + 1, count do
  if ARGV[4] == '1' then
    id = redis.call('XADD', KEYS[1], at, 'e', ARGV[i + 8], 'r', '1')
  else
    id = redis.call('XADD', KEYS[1], at, 'e', ARGV[i + 8])
  end
  if at == '*' then at = id:match('^%d+') .. '-*' end
end
last = first + count - 1
redis.call('SET', KEYS[2], string.format('%.0f %s %.0f', last, id, from), 'PX', ARGV[5])
local wrong = false -- that something is not allowed on a channel does not undo what is stored
if ARGV[6] ~= '' then
  local heard = redis.pcall('PUBLISH', ARGV[6], ARGV[8])
  if type(heard) == 'table' then wrong = heard.err end
end
local noticed = redis.pcall('PUBLISH', ARGV[7], id)
if type(noticed) == 'table' then wrong = noticed.err end
return {0, last, id, from, count - skipped, wrong}
