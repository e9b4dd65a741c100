#!lua flags=allow-oom
-- KEYS: log, dead letters. ARGV: group, consumer, position, delivery count, reason, how many dead letters at most.
-- Answers 0 if it is one, 1 if the consumer does not have the entry, 2 if there are too many: then it keeps the count.
if not owned(KEYS[1], ARGV[1], ARGV[3], ARGV[2]) then return 1 end
local found = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1]
if found then
  if redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[6]) then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'RETRYCOUNT', ARGV[4], 'JUSTID')
    return 2
  end
  local event = entry(ARGV[3], found[2], 0)[2]
  if event then
    redis.call('XADD', KEYS[2], '*', 'id', ARGV[3], 'why', ARGV[5], 'tries', ARGV[4], 'e', event)
  else
    redis.call('XADD', KEYS[2], '*', 'id', ARGV[3], 'why', ARGV[5], 'tries', ARGV[4])
  end
end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
return 0
