-- What the other scripts begin with, behind their first line.
local function entry(id, fields, count) -- as it is answered: position, event, repaired, only for a group, delivery count
  local event, repaired, group = false, 0, false
  for i = 1, #fields, 2 do
    if fields[i] == 'e' then event = fields[i + 1]
    elseif fields[i] == 'r' then repaired = 1
    elseif fields[i] == 'g' then group = fields[i + 1] end
  end
  return {id, event, repaired, group, count}
end
local function now() -- in ms
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function number(n) return string.format('%.0f', n) end
local function owned(log, group, id, consumer) -- its delivery count, if it is pending with that consumer
  local pending = redis.call('XPENDING', log, group, id, id, 1, consumer)[1]
  return pending and pending[4]
end
