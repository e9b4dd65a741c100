#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, node, tokens of calls that it has. Notes down those that nobody has, as far as is
-- known here. One that is not known at all may be enqueued again.
for i = 3, #ARGV do
  local c, isSpoilt = known(ARGV[i], 'end', 'at', 'u')
  if not c[1] and not isSpoilt and not (c[2] and isNode(owner(c[2]))) then
    redis.call('HSET', call(ARGV[i]), 'by', ARGV[2])
    if not c[3] then redis.call('PEXPIRE', call(ARGV[i]), 600000) end
  end
end
return 1
