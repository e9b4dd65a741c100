#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, notice channel, node, places of calls that it has not begun. Answers how many are free.
local freed = 0
for i = 4, #ARGV do
  local has, starts = owner(ARGV[i])
  if has == ARGV[3] then
    local to = starts > 1 and suspects or nobody
    freed = freed + #redis.call('XCLAIM', queue, group, to, 0, ARGV[i], 'RETRYCOUNT', number(starts), 'JUSTID')
  end
end
if freed > 0 then redis.pcall('PUBLISH', ARGV[2], '{}') end
return freed
