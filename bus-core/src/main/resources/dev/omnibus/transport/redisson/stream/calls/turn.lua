#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, node, how many calls to take, 1 if one of them may be a suspect, how many bytes, and
-- for each call that has ended: its place, token, answer. Answers the tokens of those whose answers do not count; what
-- was taken: place, token, request, ms until it expires, deaths; 1 if there may be more; how many entries were removed
-- that are no calls; inboxes and frames to be sent; 1 if nothing was taken as the node has to renew its lease before.
local me, count, room = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5])
local late, taken, dropped, looked = {}, {}, 0, 0
for i = 6, #ARGV, 3 do
  local id, token, response = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local c = known(token, 'end', 'at', 'sum', 'by')
  local has, isAnother = owner(id), false
  if has ~= me and c[2] and c[2] ~= id then -- it was enqueued again
    has = owner(c[2]) -- with a key, long after the first one had ended; else Redis had lost it
    isAnother = c[3] and c[4] ~= me
  end
  if has == me or (not c[1] and not isAnother and not isNode(has)) then -- nobody has it if its taking was forgotten
    finish(token, id, response)
  elseif c[1] ~= response then -- else its answer was lost
    late[#late + 1] = token
  end
end

local function take(id, list, starts)
  looked = looked + 1
  local f = fields(list)
  if not f.r or not f.i then
    remove(id)
    dropped = dropped + 1
    return
  end
  local c, isSpoilt = known(f.i, 'end', 'at', 'by')
  if c[1] or (c[2] and c[2] ~= id and #redis.call('XRANGE', queue, c[2], c[2]) == 1) then
    remove(id) -- it has ended, or is here a second time
    return
  end
  if c[3] then redis.call('HDEL', call(f.i), 'by') end
  if c[3] and c[3] ~= me then -- that node has said that it has it, after it was forgotten
    redis.call('XCLAIM', queue, group, c[3], 0, id, 'RETRYCOUNT', number(starts), 'JUSTID')
    return
  end
  local left = math.min((tonumber(f.u or '') or math.huge) - time, kept)
  if left <= 0 and not c[3] then
    if starts > 1 then lose(f.i, id, nobody) else expire(f.i, id) end
    return
  end
  if c[2] ~= id and not isSpoilt then -- somebody has enqueued it by hand, or Redis knew it no more
    redis.call('HSET', call(f.i), 'at', id, 'u', f.u or '')
    redis.call('PEXPIRE', call(f.i), number(kept))
  end
  room = room - #f.r
  taken[#taken + 1] = {id, f.i, f.r, left, starts - 1}
end
local function isFull() -- however many have expired: nobody else is served meanwhile
  return #taken >= count or room <= 0 or looked >= 512
end
local function claim(p)
  local claimed = redis.call('XCLAIM', queue, group, me, 0, p[1], 'RETRYCOUNT', number(p[4]))[1]
  if claimed then
    take(claimed[1], claimed[2], p[4])
  else
    remove(p[1]) -- somebody has deleted it
  end
end

if count == 0 then return {late, taken, 1, dropped, tell(), 0} end
if (tonumber(redis.call('ZSCORE', live, me) or '') or 0) <= time then -- others would think that this node has died
  return {late, taken, 1, dropped, tell(), 1}
end
local isAnother, rests = takenOver()
if isAnother then return {late, taken, 1, dropped, tell(), 1} end
if rests then return {late, taken, 0, dropped, tell(), 0} end
local free = redis.pcall('XPENDING', queue, group, '-', '+', 100, nobody)
if free.err then
  if not free.err:find('NOGROUP', 1, true) then return free end
  if redis.call('EXISTS', queue) == 0 then return {late, taken, 0, dropped, tell(), 0} end
  redis.call('XGROUP', 'CREATE', queue, group, '0') -- somebody has removed it
  free = {}
end
while ARGV[4] == '1' and #taken == 0 and looked < 512 do -- a suspect goes first
  local first = redis.call('XPENDING', queue, group, '-', '+', 1, suspects)[1]
  if not first then break end
  claim(first)
end
for _, p in ipairs(free) do
  if isFull() then break end
  claim(p)
end
while not isFull() do
  local most = math.min(count - #taken, 16)
  local read = redis.call('XREADGROUP', 'GROUP', group, me, 'COUNT', most, 'STREAMS', queue, '>')
  local entries = read and read[1] and read[1][2] or {}
  for _, e in ipairs(entries) do take(e[1], e[2], 1) end
  if #entries < most then
    return {late, taken, #free == 100 and 1 or 0, dropped, tell(), 0}
  end
end
return {late, taken, 1, dropped, tell(), 0}
