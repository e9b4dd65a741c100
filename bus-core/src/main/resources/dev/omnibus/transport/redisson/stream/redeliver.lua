#!lua
-- KEYS: log, dead letters. ARGV: group, position of the dead letter, notice channel. Answers 0 if there is none.
local found = redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2])[1]
if not found then return 0 end
local event = entry(ARGV[2], found[2], 0)[2]
local id
if event then
  id = redis.call('XADD', KEYS[1], '*', 'e', event, 'r', '1', 'g', ARGV[1])
else
  id = redis.call('XADD', KEYS[1], '*', 'r', '1', 'g', ARGV[1])
end
redis.call('XDEL', KEYS[2], ARGV[2])
redis.pcall('PUBLISH', ARGV[3], id)
return 1
