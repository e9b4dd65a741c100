#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, who asks, tokens. Answers for each 1 if it is known, and its answer if it has one;
-- then inboxes and frames to be sent.
local answer = {}
for i = 3, #ARGV do
  local token = ARGV[i]
  local c = redis.pcall('HMGET', call(token), 'end', 'u', 'at', 'to')
  local known = not c.err and (c[1] or c[2])
  if known and not c[1] then
    if (tonumber(c[2]) or math.huge) <= time then
      if not c[3] then
        redis.call('ZREM', queue .. ':later', token)
        expire(token)
      elseif #redis.call('XRANGE', queue, c[3], c[3]) == 0 then -- somebody has removed it
        lose(token, nil, '')
      else
        local pending = redis.pcall('XPENDING', queue, group, c[3], c[3], 1)
        if pending.err or #pending == 0 or (pending[1][2] == nobody and pending[1][4] == 1) then
          expire(token, c[3])
        end
      end
    end
    c[1] = redis.call('HGET', call(token), 'end')
    if not c[1] then watch(token, c[4] or '', ARGV[2]) end
  end
  answer[#answer + 1] = {known and 1 or 0, c[1] or false}
end
return {answer, tell()}
