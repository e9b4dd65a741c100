#!lua flags=allow-oom
-- KEYS: log, description, positions of followers, marker of the last run. ARGV: least time since that in ms, how many
-- entries at most. Answers 0 if it was less, or if there is no description; else 1, how many entries were removed, 1 if
-- there are more, how many are left, their bytes, at how many it is full, and for each group that has lost some its
-- name and how many.
if ARGV[1] ~= '0' and not redis.call('SET', KEYS[4], '1', 'NX', 'PX', ARGV[1]) then return {0} end
local log, maxRemoved = KEYS[1], tonumber(ARGV[2])
local conf = {}
local fields = redis.call('HGETALL', KEYS[2])
for i = 1, #fields, 2 do conf[fields[i]] = fields[i + 1] end
if not conf.epoch then return {0} end
local time = now()

-- Positions are compared part by part, as texts: they are too large for the numbers of Lua.
local function less(a, b)
  local a1, a2 = a:match('^(%d+)%-(%d+)$')
  local b1, b2 = b:match('^(%d+)%-(%d+)$')
  if #a1 ~= #b1 then return #a1 < #b1 end
  if a1 ~= b1 then return a1 < b1 end
  if #a2 ~= #b2 then return #a2 < #b2 end
  return a2 < b2
end
local function step(id, by) -- the next or the last position before; only for those that a clock gives
  local ms, n = id:match('^(%d+)%-(%d+)$')
  if #ms > 15 or #n > 15 then return id end
  if by < 0 and n == '0' then return number(ms - 1) .. '-18446744073709551615' end
  return ms .. '-' .. number(n + by)
end
local function first() local e = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]; return e and e[1] end
local function groups()
  local all = {}
  for i, info in ipairs(redis.call('EXISTS', log) == 1 and redis.call('XINFO', 'GROUPS', log) or {}) do
    local g = {}
    for k = 1, #info, 2 do g[info[k]] = info[k + 1] end
    all[i] = {name = g.name, done = g['last-delivered-id'], lag = g.lag}
  end
  return all
end

local removed, more, trimmed = 0, 0, conf.trimmed
local function remove(bound, limit) -- what is before the bound: whole nodes, then what is left in the last one
  local upTo = redis.call('XREVRANGE', log, '(' .. bound, '-', 'COUNT', 1)[1]
  if not upTo then return end
  local n = redis.call('XTRIM', log, 'MINID', '~', bound, 'LIMIT', limit)
  if n + 100 > limit then
    more = 1
    local head = first()
    trimmed = head and step(head, -1) or upTo[1]
  else
    n = n + redis.call('XTRIM', log, 'MINID', '=', bound)
    trimmed = upTo[1]
  end
  removed = removed + n
end

-- What all are done with.
local all = groups()
local safe, kept = nil, nil -- safe for the groups; and for named followers as well
for _, g in ipairs(all) do
  local oldest = redis.call('XPENDING', log, g.name, '-', '+', 1)[1]
  local bound = oldest and oldest[1] or step(g.done, 1)
  if not safe or less(bound, safe) then safe = bound end
end
kept = safe
local followers = redis.call('HGETALL', KEYS[3])
for i = 2, #followers, 2 do
  if followers[i]:match('^%d+%-%d+$') then
    local bound = step(followers[i], 1)
    if not kept or less(bound, kept) then kept = bound end
  end
end
local keep = tonumber(conf.keep or '0') or 0
local bound = kept
if keep > 0 then
  local old = number(math.max(0, time - keep)) .. '-0'
  if not bound or less(old, bound) then bound = old end
end
if bound and (safe or keep > 0) then remove(bound, maxRemoved) end -- a follower alone does not say that it may go

-- How many it may hold: by their number, and by their mean size.
local length = redis.call('XLEN', log)
local bytes = length > 0 and redis.pcall('MEMORY', 'USAGE', log, 'SAMPLES', 5) or 0
if type(bytes) ~= 'number' then bytes = 0 end
local fullAt = tonumber(conf.maxEntries) or 1
local maxBytes = tonumber(conf.maxBytes) or math.huge
if 2 * bytes > maxBytes then fullAt = math.max(1, math.min(fullAt, math.floor(length * maxBytes / bytes))) end
if length >= fullAt and safe then -- what all groups are done with goes, however long it was to be kept
  local enough = math.max(100, length - math.floor(fullAt * 0.9))
  local n = redis.call('XTRIM', log, 'MINID', '~', safe, 'LIMIT', enough)
  if n == 0 then n = redis.call('XTRIM', log, 'MINID', '=', safe) end -- they are all in one node
  if n > 0 then
    removed = removed + n
    trimmed = step(first() or safe, -1)
  end
end

-- What goes although somebody is not done with it.
local lost = {}
local function drop(trim)
  local head = first()
  if not head then return end
  local before, held = groups(), redis.call('XLEN', log)
  local n = trim(held)
  if n == 0 then return end
  removed = removed + n
  local left = held - n
  local start = first() or step(redis.call('XINFO', 'STREAM', log)[8], 1)
  trimmed = step(start, -1)
  for _, g in ipairs(before) do
    local count = 0
    if less(g.done, start) then -- some that it has not read may be among them; at most all of them
      local unread = less(g.done, head) and held or g.lag
      count = unread and math.max(0, unread - left) or n
    end
    local gone = redis.call('XPENDING', log, g.name, '-', '(' .. start, n + 1000)
    for _, p in ipairs(gone) do redis.call('XACK', log, g.name, p[1]) end
    count = count + #gone
    if count > 0 then
      local key = log .. ':lost:' .. g.name
      redis.call('HSETNX', key, 'from', head)
      redis.call('HSET', key, 'to', trimmed)
      redis.call('HINCRBY', key, 'count', number(count))
      lost[#lost + 1] = g.name
      lost[#lost + 1] = count
    end
  end
end
local maxAge = tonumber(conf.maxAge or '')
if maxAge then
  local old = number(math.max(0, time - maxAge)) .. '-0'
  drop(function()
    local n = redis.call('XTRIM', log, 'MINID', '~', old, 'LIMIT', maxRemoved)
    if n + 100 > maxRemoved then more = 1 else n = n + redis.call('XTRIM', log, 'MINID', '=', old) end
    return n
  end)
end
local dropping = conf.whenFull == 'DROP_OLDEST'
if dropping or (#all == 0 and keep > 0) then -- without a group there is nobody who waits for what is kept
  drop(function(held)
    if held <= fullAt then return 0 end
    if held - fullAt > maxRemoved then more = 1 end
    return redis.call('XTRIM', log, 'MAXLEN', '=', number(math.max(fullAt, held - maxRemoved)))
  end)
end

local limit = number(dropping and fullAt + math.max(100, math.floor(fullAt / 10)) or fullAt)
if limit ~= conf.limit then redis.call('HSET', KEYS[2], 'limit', limit) end
if number(fullAt) ~= conf.fullAt then redis.call('HSET', KEYS[2], 'fullAt', number(fullAt)) end
if trimmed and trimmed ~= conf.trimmed then redis.call('HSET', KEYS[2], 'trimmed', trimmed) end
return {1, removed, more, redis.call('XLEN', log), bytes, fullAt, lost}
