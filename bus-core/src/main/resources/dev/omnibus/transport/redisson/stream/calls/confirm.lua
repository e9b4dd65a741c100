#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, node, how many calls it has taken, their entries, and those of calls that it has ended.
-- Answers 1 if the former are its own, and the latter are not any more; the write counts as the last one of this
-- connection, which WAIT waits for.
local ends = tonumber(redis.call('ZSCORE', live, ARGV[2]) or 0)
if ends <= time then return 0 end
local taken = tonumber(ARGV[3])
for i = 4, #ARGV do
  if (owner(ARGV[i]) == ARGV[2]) ~= (i - 3 <= taken) then return 0 end
end
redis.call('PEXPIRE', live, 86400000)
return 1
