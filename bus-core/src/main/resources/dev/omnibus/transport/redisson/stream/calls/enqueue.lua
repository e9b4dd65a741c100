#!lua
-- KEYS: the queue. ARGV: inboxes, notice channel, and for each call: token, ms until it expires, ms until it may be
-- begun, for how many ms its answer is kept, 1 if it is idempotent, digest of its arguments or nothing, how many calls
-- the queue may have, who asks, request. Answers 0 for each that was added, 1 for one that was known, 2 if the queue is
-- full, 3 if it is known with other arguments, 4 if something else is there; and inboxes and frames to be sent.
local added = due()
local size = redis.call('XLEN', queue) + redis.call('ZCARD', queue .. ':later')
local function sweep() -- what has expired, and nobody has taken; answers how many
  local last = '-'
  local groups = redis.pcall('XINFO', 'GROUPS', queue)
  for _, one in ipairs(groups.err and {} or groups) do
    local g = fields(one)
    if g.name == group then last = '(' .. g['last-delivered-id'] end
  end
  local swept = 0
  for _, e in ipairs(redis.call('XRANGE', queue, last, '+', 'COUNT', 1000)) do
    local f = fields(e[2])
    if f.i and (tonumber(f.u or '') or math.huge) <= time then
      expire(f.i, e[1])
      swept = swept + 1
    end
  end
  return swept
end
local swept, codes = false, {}
for i = 3, #ARGV, 9 do
  local token, digest, limit = ARGV[i], ARGV[i + 5], tonumber(ARGV[i + 6])
  local before, isSpoilt = known(token, 'u', 'end', 'sum', 'to')
  local code
  if isSpoilt then
    code = 4
  elseif before[1] or before[2] then
    code = (before[3] or '') == digest and 1 or 3
    if code == 1 and not before[2] then watch(token, before[4] or '', ARGV[i + 7]) end
  else
    if size >= limit and not swept then
      swept = true
      size = size - sweep()
    end
    if size >= limit then
      code = 2
    else
      local start = time + ARGV[i + 2]
      local ends = number(start + ARGV[i + 1])
      local c = {'u', ends, 'keep', ARGV[i + 3], 'to', ARGV[i + 7]}
      local function put(name, value)
        c[#c + 1] = name
        c[#c + 1] = value
      end
      if digest ~= '' then put('sum', digest) end
      if start > time then
        put('r', ARGV[i + 8])
        put('a', ARGV[i + 4])
        redis.call('ZADD', queue .. ':later', number(start), token)
        redis.call('PEXPIRE', queue .. ':later', kept)
      else
        put('at', add(token, ARGV[i + 8], ends, ARGV[i + 4]))
        added = added + 1
      end
      redis.call('HSET', call(token), unpack(c))
      redis.call('PEXPIRE', call(token), number(ends - time + kept)) -- until it has ended, however long it may run
      size = size + 1
      code = 0
    end
  end
  codes[#codes + 1] = code
end
if added > 0 then redis.pcall('PUBLISH', ARGV[2], '{}') end
return {codes, tell()}
