#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, notice channel, token. Answers 0 if it was waiting and has ended, 1 if its node is
-- asked, 2 if it had ended, 3 if nobody knows it; inboxes and frames to be sent.
local token = ARGV[3]
local c = known(token, 'end', 'at', 'r', 'by')
if c[1] then return {2, tell()} end
local from, id = '', nil
if c[2] or (c[3] and c[4]) then
  id = c[2]
  local has = c[4]
  if id then has = holder(id, c[4]) end
  if isNode(has) then
    local stop = queue .. ':stop:' .. has
    redis.call('RPUSH', stop, token)
    redis.call('PEXPIRE', stop, 86400000)
    redis.pcall('PUBLISH', ARGV[2], '{}')
    return {1, tell()}
  end
  if has == suspects or isUnclear() then from = nobody end -- a node that is gone has begun it, or perhaps another one
elseif not c[3] then
  return {3, tell()}
elseif isUnclear() then
  from = nobody
end
redis.call('ZREM', queue .. ':later', token)
finish(token, id, ending(token, from, -32004, from == '' and 'it was cancelled before it was begun' or 'it was cancelled'))
return {0, tell()}
