#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, notice channel, node, places of calls that it has not begun. Answers how many are free.
local freed = 0
for i = 4, #ARGV do
  local has, starts = owner(ARGV[i])
  if has == ARGV[3] then
    local to = starts > 1 and suspects or nobody
    freed = freed + #redis.call('XCLAIM', queue, group, to, 0, ARGV[i], 'RETRYCOUNT', number(starts), 'JUSTID')
  elseif not isNode(has) then -- it may be this node's by its claim alone
    local e = redis.call('XRANGE', queue, ARGV[i], ARGV[i])[1]
    local token = e and fields(e[2]).i
    local c = token and known(token, 'by') or {}
    if c[1] == ARGV[3] then freed = freed + redis.call('HDEL', call(token), 'by') end
  end
end
if freed > 0 then redis.pcall('PUBLISH', ARGV[2], '{}') end
return freed
