#!lua flags=allow-oom
-- KEYS: log, description. ARGV: the history of the server, 1 if the user knows that it is another one than before.
-- Answers up to which position acknowledgements may have been lost with an earlier server.
local conf = redis.call('HMGET', KEYS[2], 'epoch', 'history', 'doubted')
if not conf[1] then return '0-0' end
if conf[2] == ARGV[1] then return conf[3] or '0-0' end
local doubted = '0-0'
if (conf[2] or ARGV[2] == '1') and redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then doubted = info[i + 1] end
  end
end
redis.call('HSET', KEYS[2], 'history', ARGV[1], 'doubted', doubted)
return doubted
