-- What scripts that note strangers share; `scripts.source` puts it before them.
--
-- Note that an anonymous session was heard of. Beyond so many of a shard those longest silent are forgotten
-- with all that is kept of them: it lies in the same shard, under names that follow from theirs.

local MOST_AT_ONCE = 1000

local function note_stranger(strangers, user, at, most, ttl)
  redis.call('ZADD', strangers, 'GT', at, user)
  redis.call('EXPIRE', strangers, ttl)
  local too_many = math.min(redis.call('ZCARD', strangers) - tonumber(most), MOST_AT_ONCE)
  if too_many <= 0 then return end
  local shard = string.sub(strangers, 1, -#'strangers' - 1)
  local gone = redis.call('ZPOPMIN', strangers, too_many)
  for i = 1, #gone, 2 do
    redis.call('DEL', shard .. 'profile:' .. gone[i], shard .. 'shown:' .. gone[i], shard .. 'prefs:' .. gone[i])
  end
end

