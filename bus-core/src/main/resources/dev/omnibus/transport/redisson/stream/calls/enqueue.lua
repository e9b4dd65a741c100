#!lua
-- KEYS: the queue. ARGV: inboxes, notice channel, and for each call: token, ms until it expires, ms until it may be
-- begun, for how many ms its answer is kept, 1 if it is idempotent, digest of its arguments or nothing, how many calls
-- the queue may have, who asks, request. Answers 0 for each that was added, 1 for one that was known, 2 if the queue is
-- full, 3 if it is known with other arguments, 4 if something else is there; and inboxes and frames to be sent.
local added = due()
local size = redis.call('XLEN', queue) + redis.call('ZCARD', queue .. ':later')
-- Ends what has expired, and nobody has taken; answers how many. To look means to read requests, of which a full queue
-- may have gigabytes: so it is a part of them, and once a second, each time from where it has come to.
local function sweep()
  if isUnclear() then return 0 end
  local seen = queue .. ':swept'
  local before = redis.pcall('HMGET', seen, 'time', 'at')
  if before.err then redis.call('DEL', seen) end -- somebody has written something else there
  if (tonumber(before[1] or '') or 0) > time - 1000 then return 0 end
  local at, swept, bytes, pages = before[2] or '-', 0, 0, 0
  repeat
    local page = redis.call('XRANGE', queue, at, '+', 'COUNT', 16)
    for _, e in ipairs(page) do
      local f = fields(e[2])
      at, bytes = '(' .. e[1], bytes + #(f.r or '')
      if f.i and (tonumber(f.u or '') or math.huge) <= time then
        local has = holder(e[1], known(f.i, 'by')[1])
        if has == suspects then lose(f.i, e[1], nobody) elseif not isNode(has) then expire(f.i, e[1]) end
        if not isNode(has) then swept = swept + 1 end
      end
    end
    pages = pages + 1
    if #page < 16 then at = '-' end
  until #page < 16 or pages == 256 or bytes > 1048576
  redis.call('HSET', seen, 'time', number(time), 'at', at)
  redis.call('PEXPIRE', seen, 60000)
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
    -- Of one that another server has forgotten there may be its answer alone.
    code = (not before[1] or (before[3] or '') == digest) and 1 or 3
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
        if redis.call('ZRANK', queue .. ':later', token) == 0 then added = added + 1 end -- nodes that rest do not know
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
