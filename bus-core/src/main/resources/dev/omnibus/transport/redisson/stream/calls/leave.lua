#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, node. What it still has is lost with the next renewal of another one, or when it is
-- looked for.
redis.call('DEL', queue .. ':stop:' .. ARGV[2])
local pending = redis.pcall('XPENDING', queue, group, '-', '+', 1, ARGV[2])
if pending.err or #pending == 0 then
  redis.call('ZREM', live, ARGV[2])
  if not pending.err then redis.call('XGROUP', 'DELCONSUMER', queue, group, ARGV[2]) end
else
  redis.call('ZADD', live, 0, ARGV[2])
  redis.call('PEXPIRE', live, 86400000)
end
return 1
