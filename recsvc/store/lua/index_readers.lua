-- Put readers in the index who have a profile or were shown something, and take out those who have not.
--
-- KEYS, four per reader, all of one shard: readers, names, profile, shown
-- ARGV: the present instant (µs), seconds that an untouched profile lives, then the readers
--
-- When a reader was last heard of follows from how long their keys have yet to live. Returns the number of
-- readers who are in the index now.

local now, ttl_us = tonumber(ARGV[1]), tonumber(ARGV[2]) * 1000000
local present = 0
for i = 0, #KEYS / 4 - 1 do
  local readers, names, user = KEYS[4 * i + 1], KEYS[4 * i + 2], ARGV[3 + i]
  local last = 0
  for _, key in ipairs({KEYS[4 * i + 3], KEYS[4 * i + 4]}) do
    local left_ms = redis.call('PTTL', key)  -- -2: no such key, -1: one that never goes
    if left_ms ~= -2 then
      local at = left_ms == -1 and now or now - ttl_us + left_ms * 1000
      last = math.max(last, 1, math.min(at, now))
    end
  end
  if last > 0 then
    redis.call('ZADD', readers, 'GT', string.format('%.0f', last), user)
    redis.call('ZADD', names, 0, user)
    redis.call('EXPIRE', readers, ARGV[2])
    redis.call('EXPIRE', names, ARGV[2])
    present = present + 1
  else
    redis.call('ZREM', readers, user)
    redis.call('ZREM', names, user)
  end
end
return present
