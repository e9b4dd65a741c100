#!lua flags=allow-oom
-- KEYS: losses. ARGV: from, to and count of what was reported. What was lost since then stays.
local lost = redis.call('HMGET', KEYS[1], 'from', 'count')
if lost[1] ~= ARGV[1] or not lost[2] then return 0 end
local left = tonumber(lost[2]) - tonumber(ARGV[3])
if left <= 0 then return redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'from', ARGV[2], 'count', string.format('%.0f', left))
return 1
