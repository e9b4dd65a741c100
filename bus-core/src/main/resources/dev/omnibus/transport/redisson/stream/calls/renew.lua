#!lua flags=allow-oom
-- KEYS: the queue. ARGV: inboxes, notice channel, node, its lease in ms, with how many deaths an idempotent call ends.
-- Answers 1 if the node was gone, the tokens of calls to be cancelled, how many calls the node has, 1 if there are some
-- that nobody has, 1 if there are suspects; for how many ms nothing comes up by itself: 0 while there are calls, -1 if
-- none is delayed; 1 if more are due already; inboxes and frames to be sent; when the rest after a
-- takeover ends, as long as nodes are to claim what they have, else 0.
local me, lease = ARGV[3], tonumber(ARGV[4])
local ends = redis.call('ZSCORE', live, me)
local last = tonumber(redis.call('ZSCORE', live, '') or 0) -- when anybody renewed
local seat = redis.pcall('HMGET', place, 'history', 'rests')
if seat.err then -- somebody has written something else there
  redis.call('DEL', place)
  seat = {}
end
local rests, of = tonumber(seat[2] or '') or 0, history()
local isAnother = seat[1] and of ~= '' and of ~= seat[1]
if isAnother then
  rests = time + lease
  redis.pcall('PUBLISH', ARGV[2], '{}') -- nodes that rest as well have something to claim
end
if of ~= '' then redis.call('HSET', place, 'history', of, 'rests', number(rests)) end
redis.call('PEXPIRE', place, kept)
local standstill = time - last > lease / 2 -- nobody could renew, for instance while there was no Redis
redis.call('ZADD', live, number(time), '')
local gone = (not ends or tonumber(ends) == 0) and 1 or 0
redis.call('ZADD', live, number(time + lease), me)
redis.call('PEXPIRE', live, 86400000)
local cancelled = redis.call('LPOP', queue .. ':stop:' .. me, 256) or {}
local freed, isMoreDue = due()
local held, waiting, doubted = 0, 0, 0

local consumers = redis.pcall('XINFO', 'CONSUMERS', queue, group)
if consumers.err then -- there is no queue, or no group; or something else is there
  if not consumers.err:find('NOGROUP', 1, true) and not consumers.err:find('no such key', 1, true) then
    return consumers
  end
  if redis.call('EXISTS', queue) == 1 then redis.call('XGROUP', 'CREATE', queue, group, '0') end
else
  redis.call('PEXPIRE', queue, kept)
  -- A list of leases that was lost, or a consumer that somebody else has made, is not a death.
  for _, consumer in ipairs(consumers) do
    local c = fields(consumer)
    if isNode(c.name) and not redis.call('ZSCORE', live, c.name) then
      redis.call('ZADD', live, number(time + grace), c.name)
    end
  end
  -- Who is alive renews within a lease from now on. After a standstill each has that once until it has renewed, of which the
  -- fraction reminds: else nobody would be dead to one that is slow itself.
  if isAnother or standstill then
    local all = redis.call('ZRANGEBYSCORE', live, '-inf', number(time + lease), 'WITHSCORES')
    for i = 1, #all, 2 do
      local node, its = all[i], tonumber(all[i + 1])
      if node ~= '' and node ~= me and its ~= 0 and (isAnother or its % 1 == 0) then
        redis.call('ZADD', live, number(time + lease) .. '.5', node)
      end
    end
  end
  for _, dead in ipairs(redis.call('ZRANGEBYSCORE', live, '-inf', number(time), 'LIMIT', 0, 16)) do
    local pending = dead == '' and {} or redis.call('XPENDING', queue, group, '-', '+', 100, dead)
    for _, p in ipairs(pending) do freed = freed + bury(dead, p[1], p[4], ARGV[5]) end
    if dead ~= '' and #pending < 100 then -- nothing is left
      redis.call('XGROUP', 'DELCONSUMER', queue, group, dead)
      redis.call('ZREM', live, dead)
    end
  end
end
local pending = redis.pcall('XPENDING', queue, group)
if not pending.err then
  waiting = redis.call('XLEN', queue) - pending[1]
  for _, c in ipairs(pending[4] or {}) do
    if c[1] == me then held = tonumber(c[2]) end
    if c[1] == nobody then waiting = waiting + tonumber(c[2]) end
    if c[1] == suspects then doubted = tonumber(c[2]) end
  end
end
if freed > 0 then redis.pcall('PUBLISH', ARGV[2], '{}') end
local rest = 0
if redis.call('XLEN', queue) == 0 then
  local first = redis.call('ZRANGE', queue .. ':later', 0, 0, 'WITHSCORES')
  rest = first[2] and math.max(1, math.ceil(tonumber(first[2]) - time)) or -1
end
local function flag(is) return is and 1 or 0 end
return {gone, cancelled, held, flag(waiting + doubted > 0), flag(doubted > 0), rest, flag(isMoreDue), tell(),
  rests + lease > time and rests or 0}
