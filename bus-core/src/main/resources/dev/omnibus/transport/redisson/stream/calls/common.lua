-- What the scripts of queues begin with, behind their first line. KEYS: the queue, what is delayed, leases, whose server it
-- is, and all calls that are given by their tokens: while their slot moves, Redis lets nothing begin of which a part is elsewhere. ARGV[1]: what the channel of an
-- inbox begins with; empty if answers are to be sent from elsewhere, as inboxes are at other servers.
local queue, group, kept = KEYS[1], 'servers', 1209600000
-- Who has what was given back, and what is a suspect: an idempotent call whose node has died.
local nobody, suspects = '-', '-suspects'
local live, grace = queue .. ':live', 10000
-- Of which server the queue is, and until when nobody takes anything as another one has taken over.
local place = queue .. ':server'
local function now() -- in ms
  local clock = redis.call('TIME')
  return clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local time = now()
local function number(n) return string.format('%.0f', n) end
local function call(token) return queue .. ':call:' .. token end
local function known(token, ...) -- those fields; none, and true, if somebody has written something else there
  local c = redis.pcall('HMGET', call(token), ...)
  if not c.err then return c, false end
  if not c.err:find('WRONGTYPE', 1, true) then error(c.err, 0) end
  return {}, true
end
local function fields(list)
  local map = {}
  for i = 1, #list, 2 do map[list[i]] = list[i + 1] end
  return map
end
local function owner(id) -- who has it, and its delivery count
  local pending = redis.pcall('XPENDING', queue, group, id, id, 1)
  if pending.err and not pending.err:find('NOGROUP', 1, true) then error(pending.err, 0) end
  local p = pending[1]
  if p then return p[2], p[4] end
end
local function history() -- of the server's replication; nothing if the user may not ask for it
  local info = redis.pcall('INFO', 'replication')
  return type(info) == 'string' and info:match('master_replid:(%x+)') or ''
end
-- Whether it may not be known here who has what, as another server has taken over: since the last renewal; or before,
-- and then it rests.
local function takenOver()
  local seat = redis.pcall('HMGET', place, 'history', 'rests')
  if seat.err or not seat[1] then return false, false end -- or somebody has written something else there
  local of = history()
  return of ~= '' and of ~= seat[1], (tonumber(seat[2] or '') or 0) > time
end
local function isUnclear()
  local isAnother, rests = takenOver()
  return isAnother or rests
end
local function isNode(name) return name and name ~= nobody and name ~= suspects end
local function holder(id, by) -- who has it, also by a claim alone
  local has, starts = owner(id)
  if by and not isNode(has) then return by, starts or 1 end
  return has, starts
end
local function remove(id)
  redis.call('XACK', queue, group, id)
  redis.call('XDEL', queue, id)
end

local answers = {} -- by inbox, in order
local function finish(token, id, response) -- the one end of a call
  local c, isSpoilt = known(token, 'end', 'to', 'keep', 'sum', 'u', 'at')
  if isSpoilt then redis.call('DEL', call(token)) end
  if id then remove(id) end
  if c[1] then return end
  if c[6] and c[6] ~= id then remove(c[6]) end -- it was put there again after Redis had forgotten it
  local keep = tonumber(c[3] or '') or 600000
  if c[4] then keep = math.max(keep, (tonumber(c[5] or '') or 0) - time) end
  redis.call('HSET', call(token), 'end', response)
  redis.call('PEXPIRE', call(token), number(keep))
  for inbox in (c[2] or ''):gmatch('%S+') do
    if not answers[inbox] then
      answers[inbox] = {}
      answers[#answers + 1] = inbox
    end
    table.insert(answers[inbox], response)
  end
end
local function tell() -- sends what has come together, in frames; or answers inboxes and frames
  local unsent = {}
  local function send(inbox, frame)
    if ARGV[1] == '' then
      unsent[#unsent + 1] = inbox
      unsent[#unsent + 1] = frame
    else
      redis.pcall('PUBLISH', ARGV[1] .. inbox, frame) -- that it may not does not undo the end
    end
  end
  for _, inbox in ipairs(answers) do
    local frame, bytes = {}, 0
    for i, response in ipairs(answers[inbox]) do
      frame[#frame + 1] = response
      bytes = bytes + #response
      if #frame == 256 or bytes > 262144 or i == #answers[inbox] then
        send(inbox, #frame == 1 and frame[1] or '[' .. table.concat(frame, ',') .. ']')
        frame, bytes = {}, 0
      end
    end
  end
  return unsent
end
local function ending(token, node, code, text)
  local id = (queue:match('{(.*)}') or '') .. ':' .. token
  return '{"jsonrpc":"2.0","id":' .. cjson.encode(id) .. ',"meta":{"from":' .. cjson.encode(node)
      .. '},"error":{"code":' .. code .. ',"message":"' .. text .. '"}}'
end
local function expire(token, id)
  finish(token, id, ending(token, '', -32001, 'it expired before it was begun'))
end
local function lose(token, id, node)
  finish(token, id, ending(token, node, -32006, 'the node that had begun it left or died'))
end
local function bury(node, id, starts, most) -- ends or frees what a node had that is gone; answers how many are free
  redis.call('ZADD', live, 0, node) -- should it come back, it learns that it was gone
  local e = redis.call('XRANGE', queue, id, id)[1]
  local f = e and fields(e[2]) or {}
  if not f.i then
    remove(id)
  elseif f.a ~= '1' then
    lose(f.i, id, node)
  elseif starts >= tonumber(most) then
    finish(f.i, id, ending(f.i, node, -32007, 'it was begun ' .. starts .. ' times, and each time its node died'))
  else
    -- What it had by its claim alone is left to it by the next turn, and so comes back here.
    local moved = redis.call('XCLAIM', queue, group, suspects, 0, id, 'RETRYCOUNT', number(starts + 1), 'JUSTID')
    if #moved > 0 then redis.call('HDEL', call(f.i), 'by') end
    return #moved
  end
  return 0
end

local exists = false -- the queue, for as long as is needed
local function add(token, request, ends, idempotent) -- its place
  local isNew = not exists and redis.call('EXISTS', queue) == 0
  local id = redis.call('XADD', queue, '*', 'i', token, 'u', ends, 'a', idempotent, 'r', request)
  if isNew then redis.call('XGROUP', 'CREATE', queue, group, '0') end
  if not exists then redis.call('PEXPIRE', queue, kept) end
  exists = true
  return id
end
local most = 256 -- that are moved at a time
local function due() -- moves what is due into the queue; answers how many, and whether there may be more
  local moved = 0
  local tokens = redis.call('ZRANGEBYSCORE', queue .. ':later', '-inf', number(time), 'LIMIT', 0, most)
  for _, token in ipairs(tokens) do
    local c = known(token, 'r', 'u', 'a', 'end')
    redis.call('ZREM', queue .. ':later', token)
    if c[1] and not c[4] then
      redis.call('HSET', call(token), 'at', add(token, c[1], c[2] or '', c[3] or '0'))
      redis.call('HDEL', call(token), 'r')
      moved = moved + 1
    end
  end
  return moved, #tokens == most
end
local function watch(token, inboxes, asker)
  if asker ~= '' and not (' ' .. inboxes .. ' '):find(' ' .. asker .. ' ', 1, true) then
    local known = {asker}
    for inbox in inboxes:gmatch('%S+') do if #known < 16 then known[#known + 1] = inbox end end
    redis.call('HSET', call(token), 'to', table.concat(known, ' '))
  end
end
