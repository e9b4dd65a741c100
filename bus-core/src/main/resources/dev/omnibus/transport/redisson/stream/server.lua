#!lua flags=no-writes
-- KEYS: one of that server. Answers what it says of itself, as far as the user may ask for it.
local answer = {}
for i, section in ipairs({'memory', 'persistence', 'replication'}) do
  local info = redis.pcall('INFO', section)
  answer[i] = type(info) == 'string' and info or ''
end
return answer
