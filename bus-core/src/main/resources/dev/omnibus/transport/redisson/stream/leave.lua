#!lua flags=allow-oom
-- KEYS: log, leases, released. ARGV: group, consumer, how many entries at most. Answers 0 if there is more.
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[3], ARGV[2])
if pending.err then
  if not pending.err:find('NOGROUP', 1, true) then return pending end
  redis.call('ZREM', KEYS[2], ARGV[2])
  return 1
end
local time = number(now())
for _, p in ipairs(pending) do
  local claimed =
      redis.call('XCLAIM', KEYS[1], ARGV[1], '-', 0, p[1], 'RETRYCOUNT', number(p[4]), 'JUSTID')
  if #claimed == 1 then redis.call('ZADD', KEYS[3], time, p[1]) end
end
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
return 1
