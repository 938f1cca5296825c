-- Note what became of a job, and when it is due again.
--
-- KEYS: due, job, mailed, figures
-- ARGV[1..5]  job, token of the claim, outcome, instant it is due again ('' for never),
--             local date that is settled ('' if none is)
-- ARGV[6..9]  now (µs), forget what was mailed before (µs), items remembered, seconds to remember
-- Returns 1, or 0 when somebody else has the job in hand.

local job, outcome, again, day = ARGV[1], ARGV[3], ARGV[4], ARGV[5]
if redis.call('HGET', KEYS[2], 'token') ~= ARGV[2] then return 0 end
redis.call('HINCRBY', KEYS[4], outcome, 1)
if outcome == 'sent' then redis.call('HSET', KEYS[4], 'last_sent_us', ARGV[6]) end

if again == '' or not redis.call('ZSCORE', KEYS[1], job) then
  redis.call('ZREM', KEYS[1], job)
  redis.call('DEL', KEYS[2], KEYS[3])
  return 1
end

if outcome == 'sent' or outcome == 'unknown' then
  local items = redis.call('HGET', KEYS[2], 'items')
  for _, item in ipairs(items and cmsgpack.unpack(items) or {}) do
    redis.call('ZADD', KEYS[3], ARGV[6], item)
  end
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', '(' .. ARGV[7])
  redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1 - ARGV[8])
  redis.call('EXPIRE', KEYS[3], ARGV[9])
end
if outcome == 'deferred' or outcome == 'failed' then redis.call('HINCRBY', KEYS[2], 'tries', 1)
elseif outcome ~= 'postponed' then redis.call('HDEL', KEYS[2], 'tries') end
if day ~= '' then redis.call('HSET', KEYS[2], 'done', day) end
redis.call('HDEL', KEYS[2], 'token', 'handing', 'items')
redis.call('ZADD', KEYS[1], again, job)
return 1
