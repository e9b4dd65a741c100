#!lua flags=allow-oom
-- KEYS: how far the publisher has come. ARGV: a sequence, how long the publisher is remembered in ms. Answers 1 if it
-- has come that far; the write counts as the last one of this connection, which WAIT waits for.
local known = redis.call('GET', KEYS[1])
if not known or tonumber(known:match('^%d+') or 0) < tonumber(ARGV[1]) then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
