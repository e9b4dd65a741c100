#!lua flags=allow-oom
-- KEYS: log, leases, released, the active consumer, those that may be it. ARGV: group, consumer, how many entries at
-- most, 1 if it stays, and another one may be the active one. Answers 0 if there is more.
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
if redis.call('GET', KEYS[4]) == ARGV[2] then redis.call('DEL', KEYS[4]) end
if ARGV[4] == '1' then return 1 end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZREM', KEYS[5], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
return 1
