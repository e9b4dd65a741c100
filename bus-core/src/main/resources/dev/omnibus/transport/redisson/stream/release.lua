#!lua flags=allow-oom
-- KEYS: log, released. ARGV: group, consumer, position, delivery count, delay in ms. Answers 0 if the consumer does not
-- have the entry.
if not owned(KEYS[1], ARGV[1], ARGV[3], ARGV[2]) then return 0 end
local claimed = #redis.call('XCLAIM', KEYS[1], ARGV[1], '-', 0, ARGV[3], 'RETRYCOUNT', ARGV[4], 'JUSTID')
if claimed == 1 then redis.call('ZADD', KEYS[2], number(now() + ARGV[5]), ARGV[3]) end
return claimed
