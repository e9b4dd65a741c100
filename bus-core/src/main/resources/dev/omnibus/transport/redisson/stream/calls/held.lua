#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, node, '(' and the place before the first one, how many calls and bytes at most.
-- Answers what the node has: place, token, request, ms until it expires, deaths.
local room, answer, after = tonumber(ARGV[5]), {}, ARGV[3]
while #answer == 0 do
  local pending = redis.pcall('XPENDING', queue, group, after, '+', ARGV[4], ARGV[2])
  if pending.err then
    if not pending.err:find('NOGROUP', 1, true) then return pending end
    break
  end
  if #pending == 0 then break end
  for _, p in ipairs(pending) do
    after = '(' .. p[1]
    local e = redis.call('XRANGE', queue, p[1], p[1])[1]
    local f = e and fields(e[2]) or {}
    if not f.r or not f.i then
      remove(p[1])
    else
      room = room - #f.r
      if room < 0 and #answer > 0 then break end
      answer[#answer + 1] =
          {p[1], f.i, f.r, math.min((tonumber(f.u or '') or math.huge) - time, kept), p[4] - 1}
    end
  end
end
return answer
