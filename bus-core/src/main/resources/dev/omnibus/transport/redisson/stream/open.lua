#!lua flags=allow-oom
-- KEYS: the description. ARGV: an epoch, and the settings as fields and values. Answers 1 if they were written now,
-- and the description as it stands.
local created = redis.call('HSETNX', KEYS[1], 'epoch', ARGV[1])
if created == 1 then redis.call('HSET', KEYS[1], unpack(ARGV, 2)) end
return {created, redis.call('HGETALL', KEYS[1])}
