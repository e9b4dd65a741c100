#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, node. Answers 1 if the lease of the node stands; the write counts as the last one of
-- this connection, which WAIT waits for.
local ends = tonumber(redis.call('ZSCORE', live, ARGV[2]) or 0)
if ends <= time then return 0 end
redis.call('PEXPIRE', live, 86400000)
return 1
