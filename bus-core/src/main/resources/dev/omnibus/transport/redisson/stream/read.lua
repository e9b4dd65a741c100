#!lua flags=allow-oom
-- KEYS: log, the active consumer. ARGV: group, consumer, how many entries to read, entries to acknowledge.
-- Reads only for the active consumer. Answers how many of the entries were pending, and entries.
local group, me, count = ARGV[1], ARGV[2], tonumber(ARGV[3])
local acknowledged, entries = 0, {}
for i = 4, #ARGV do acknowledged = acknowledged + redis.call('XACK', KEYS[1], group, ARGV[i]) end
if count > 0 and redis.call('GET', KEYS[2]) == me then
  local read = redis.call('XREADGROUP', 'GROUP', group, me, 'COUNT', count, 'STREAMS', KEYS[1], '>')
  for i, e in ipairs(read and read[1][2] or {}) do entries[i] = entry(e[1], e[2], 1) end
end
return {acknowledged, entries}
