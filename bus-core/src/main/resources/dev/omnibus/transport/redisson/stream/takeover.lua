#!lua flags=allow-oom
-- KEYS: log, leases, released, losses, the active consumer, those that may be it. ARGV: group, consumer, its lease in
-- ms, how many entries and bytes at most, 1 if only one consumer of the group is active, 1 if this one may be it, now
-- or later; one that takes none does not become it. Answers 1 if the consumer was gone, 1 if there is more, the
-- consumers that were removed, the loss that is to be reported as from, to and count, entries, 1 if the consumer may
-- read, and those that may be the active one.
local group, me = ARGV[1], ARGV[2]
local count, room = tonumber(ARGV[4]), tonumber(ARGV[5])
local time = now()
local nobody = redis.call('XPENDING', KEYS[1], group, '-', '+', 1, '-')[1] -- first, as it fails without the group
local lease = tonumber(ARGV[3])
local single, active = ARGV[6] == '1', 1
local first = redis.call('GET', KEYS[5])
local function lives() return first and first ~= me and tonumber(redis.call('ZSCORE', KEYS[2], first) or 0) > time end
if not single and lives() then
  return redis.error_reply('ERR group ' .. group .. ' has a single active consumer, so all have to be one of its kind')
end

-- Where nobody has renewed for two thirds of a lease, nobody could, for instance as there was no Redis: others did so at
-- most a third before, and may have none any more. Who is alive renews within a lease from now on. Each has that once until it has renewed, of which the fraction reminds: else nobody would
-- be dead to one that is slow itself.
local recent = redis.call('ZRANGEBYSCORE', KEYS[2], number(time + lease / 3), '+inf', 'LIMIT', 0, 2)
if not recent[recent[1] == '' and 2 or 1] then -- the empty member is no consumer
  local all = redis.call('ZRANGEBYSCORE', KEYS[2], '(0', number(time + lease), 'WITHSCORES')
  for i = 1, #all, 2 do
    if all[i] ~= '' and tonumber(all[i + 1]) % 1 == 0 then
      redis.call('ZADD', KEYS[2], number(time + lease) .. '.5', all[i])
      if redis.call('ZSCORE', KEYS[6], all[i]) then redis.call('ZADD', KEYS[6], number(time + lease), all[i]) end
    end
  end
end
if single and (lives() or (count == 0 and first ~= me)) then
  active, count = 0, 0
elseif single then
  redis.call('SET', KEYS[5], me, 'PX', 86400000)
elseif first then
  redis.call('DEL', KEYS[5])
end
local ends = redis.call('ZSCORE', KEYS[2], me)
local gone = (not ends or tonumber(ends) == 0) and 1 or 0
redis.call('ZADD', KEYS[2], number(time + lease), me)
local candidates = {}
if single then
  if ARGV[7] == '1' then
    redis.call('ZADD', KEYS[6], number(time + lease), me)
  else
    redis.call('ZREM', KEYS[6], me)
  end
  redis.call('PEXPIRE', KEYS[6], 86400000)
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', number(time))) do redis.call('ZREM', KEYS[6], gone) end
  candidates = redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', '+inf')
end

-- A list of leases that was lost, or a consumer that somebody else has made, is not a death.
local check = redis.call('ZSCORE', KEYS[2], '')
if not check or tonumber(check) <= time then
  redis.call('ZADD', KEYS[2], number(time + 60000), '')
  redis.call('PEXPIRE', KEYS[2], 86400000)
  for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], group)) do
    local name = consumer[2]
    if name ~= '-' and not redis.call('ZSCORE', KEYS[2], name) then
      redis.call('ZADD', KEYS[2], number(time + 10000), name)
    end
  end
end
if nobody and not redis.call('ZSCORE', KEYS[3], nobody[1]) then -- the list of what was released was lost
  for _, p in ipairs(redis.call('XPENDING', KEYS[1], group, '-', '+', 1000, '-')) do
    redis.call('ZADD', KEYS[3], 'NX', number(time), p[1])
  end
end

local taken, full = {}, false
local function take(id, deliveries) -- false if there was no room for it
  if full or #taken >= count or room <= 0 then
    full = true
    return false
  end
  local claimed = redis.call('XCLAIM', KEYS[1], group, me, 0, id, 'RETRYCOUNT', number(deliveries))[1]
  if claimed then -- else it is gone, and not pending any more
    local e = entry(claimed[1], claimed[2], deliveries)
    room = room - (e[2] and #e[2] or 0)
    taken[#taken + 1] = e
  end
  return true
end

-- What anybody else has, in the order of the log: the one before, be it dead or not, and what nobody has.
local function takeInOrder()
  local others = 0
  local all = redis.call('XPENDING', KEYS[1], group)
  for _, c in ipairs(all[4] or {}) do if c[1] ~= me then others = others + tonumber(c[2]) end end
  local from, pages = '-', 0
  while others > 0 do
    pages = pages + 1
    if pages > 5 then -- enough for one call, as those that are gone take no room
      full = true
      return
    end
    local page = redis.call('XPENDING', KEYS[1], group, from, '+', 1000)
    for _, p in ipairs(page) do
      if p[2] ~= me then
        if not take(p[1], (p[2] ~= '-' and p[4] < 1000) and p[4] + 1000 or p[4]) then return end
        others = others - 1
        if p[2] == '-' then
          redis.call('ZREM', KEYS[3], p[1])
        else
          redis.call('ZADD', KEYS[2], 0, p[2]) -- it learns that it was gone
        end
      end
    end
    if #page == 0 then return end
    from = '(' .. page[#page][1]
  end
end
if single and active == 1 then takeInOrder() end

for _, id in ipairs(active == 0 and {} or redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', number(time), 'LIMIT', 0, count + 1)) do
  local deliveries = owned(KEYS[1], group, id, '-')
  if deliveries and not take(id, deliveries) then break end
  redis.call('ZREM', KEYS[3], id)
end

local removed = {}
for _, dead in ipairs(active == 0 and {} or redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', number(time), 'LIMIT', 0, 16)) do
  local pending = redis.call('XPENDING', KEYS[1], group, '-', '+', count - #taken + 1, dead)
  for _, p in ipairs(pending) do
    if not take(p[1], p[4] < 1000 and p[4] + 1000 or p[4]) then break end
    redis.call('ZADD', KEYS[2], 0, dead) -- should it come back, it learns that it was gone
  end
  if not full then
    if #redis.call('XPENDING', KEYS[1], group, '-', '+', 1, dead) == 0 then -- the only place where that is done
      redis.call('XGROUP', 'DELCONSUMER', KEYS[1], group, dead)
      redis.call('ZREM', KEYS[2], dead)
      removed[#removed + 1] = dead
    else
      full = true
    end
  end
end

local loss = {}
local lost = redis.call('HMGET', KEYS[4], 'from', 'to', 'count', 'by')
if lost[1] and lost[2] and lost[3] then
  local by = lost[4]
  local lives = by and redis.call('ZSCORE', KEYS[2], by)
  if not lives or tonumber(lives) <= time then
    by = me
    redis.call('HSET', KEYS[4], 'by', me)
  end
  if by == me then loss = {lost[1], lost[2], lost[3]} end
end
return {gone, full and 1 or 0, removed, loss, taken, active, candidates}
