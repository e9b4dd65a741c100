#!lua flags=allow-oom
-- KEYS: log. ARGV: group, consumer, position, delivery count. Answers 0 if the consumer does not have the entry: a
-- claim without that question would steal it back.
if not owned(KEYS[1], ARGV[1], ARGV[3], ARGV[2]) then return 0 end
return #redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'RETRYCOUNT', ARGV[4], 'JUSTID')
