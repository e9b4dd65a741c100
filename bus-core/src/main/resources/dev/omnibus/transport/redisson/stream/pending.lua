#!lua flags=allow-oom
-- KEYS: log. ARGV: group, consumer, '(' and the position before the first one, how many entries and bytes at most.
-- Answers entries. Those that are gone are acknowledged.
local count, room = tonumber(ARGV[4]), tonumber(ARGV[5])
local answer = {}
local after = ARGV[3]
while #answer == 0 do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], after, '+', count, ARGV[2])
  if #pending == 0 then break end
  for _, p in ipairs(pending) do
    after = '(' .. p[1]
    local found = redis.call('XRANGE', KEYS[1], p[1], p[1])[1]
    if found then
      local e = entry(p[1], found[2], p[4])
      room = room - (e[2] and #e[2] or 0)
      if room < 0 and #answer > 0 then break end
      answer[#answer + 1] = e
    else
      redis.call('XACK', KEYS[1], ARGV[1], p[1])
    end
  end
end
return answer
