#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, who asks, with how many deaths an idempotent call ends, tokens. Answers for each 1 if
-- it is known, and its answer if it has one; then inboxes and frames to be sent.
local function isGone(node) -- perhaps there is no other node that would see it
  local ends = tonumber(redis.call('ZSCORE', live, node) or '')
  if ends and ends <= 0 then return -ends <= time end
  if not ends or ends <= time then -- perhaps nobody could renew it
    local prolonged = ends and ends % 1 ~= 0 -- by another node, which is to remain said: it happens once
    redis.call('ZADD', live, number(-(time + grace)) .. (prolonged and '.5' or ''), node)
    redis.call('PEXPIRE', live, 86400000)
  end
  return false
end
local function close(token, at, expired, by) -- if there is an end to see that nobody has written
  if not at then
    if expired and not by and not isUnclear() then
      redis.call('ZREM', queue .. ':later', token)
      expire(token)
    end
    return
  end
  local has, starts = holder(at, by)
  if #redis.call('XRANGE', queue, at, at) == 0 then -- somebody has removed it
    if expired then lose(token, nil, '') end
  elseif isNode(has) then
    if isGone(has) then bury(has, at, starts, ARGV[3]) end
  elseif expired and not isUnclear() then
    if has == suspects then lose(token, at, nobody) else expire(token, at) end
  end
end
local answer = {}
for i = 4, #ARGV do
  local token = ARGV[i]
  local c = known(token, 'end', 'u', 'at', 'to', 'by')
  local isKnown = c[1] or c[2]
  if isKnown and not c[1] then
    close(token, c[3], (tonumber(c[2]) or math.huge) <= time, c[5])
    c[1] = redis.call('HGET', call(token), 'end')
    if not c[1] then watch(token, c[4] or '', ARGV[2]) end
  end
  answer[#answer + 1] = {isKnown and 1 or 0, c[1] or false}
end
return {answer, tell()}
