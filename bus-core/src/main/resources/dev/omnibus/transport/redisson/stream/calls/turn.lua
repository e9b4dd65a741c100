#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, node, how many calls to take, 1 if one of them may be a suspect, how many bytes, and
-- for each call that has ended: its place, token, answer. Answers the tokens of those whose answers do not count; what
-- was taken: place, token, request, ms until it expires, deaths; 1 if there may be more; how many entries were removed
-- that are no calls; inboxes and frames to be sent.
local me, count, room = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5])
local late, taken, dropped, looked = {}, {}, 0, 0
for i = 6, #ARGV, 3 do
  local id, token, response = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local pending = redis.pcall('XPENDING', queue, group, id, id, 1)
  if pending.err and not pending.err:find('NOGROUP', 1, true) then error(pending.err, 0) end
  local owner = pending[1] and pending[1][2]
  local before = known(token, 'end')[1]
  if owner == me or (not before and (not owner or owner == nobody)) then -- nobody has it if Redis has forgotten the taking
    finish(token, id, response)
  elseif before ~= response then -- else its answer was lost
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
  local left = math.min((tonumber(f.u or '') or math.huge) - time, kept)
  if left <= 0 then
    if starts > 1 then lose(f.i, id, nobody) else expire(f.i, id) end
    return
  end
  room = room - #f.r
  taken[#taken + 1] = {id, f.i, f.r, left, starts - 1}
end
local function isFull() -- however many have expired: nobody else is served meanwhile
  return #taken >= count or room <= 0 or looked >= 512
end

if count == 0 then return {late, taken, 1, dropped, tell()} end
local free = redis.pcall('XPENDING', queue, group, '-', '+', 100, nobody)
if free.err then
  if not free.err:find('NOGROUP', 1, true) then return free end
  if redis.call('EXISTS', queue) == 0 then return {late, taken, 0, dropped, tell()} end
  redis.call('XGROUP', 'CREATE', queue, group, '0') -- somebody has removed it
  free = {}
end
local suspect = ARGV[4] == '1'
for _, p in ipairs(free) do
  if isFull() then break end
  if p[4] == 1 or suspect then
    local claimed = redis.call('XCLAIM', queue, group, me, 0, p[1], 'RETRYCOUNT', number(p[4]))[1]
    if claimed then
      suspect = suspect and p[4] == 1
      take(claimed[1], claimed[2], p[4])
    end
  end
end
while not isFull() do
  local most = math.min(count - #taken, 16)
  local read = redis.call('XREADGROUP', 'GROUP', group, me, 'COUNT', most, 'STREAMS', queue, '>')
  local entries = read and read[1] and read[1][2] or {}
  for _, e in ipairs(entries) do take(e[1], e[2], 1) end
  if #entries < most then
    return {late, taken, 0, dropped, tell()}
  end
end
return {late, taken, 1, dropped, tell()}
