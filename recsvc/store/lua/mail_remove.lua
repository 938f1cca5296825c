-- Forget a subscription and all that was kept for it.
--
-- KEYS: due, subs, job, mailed, of (the reader's jobs), left
-- ARGV: its job, subscription id, seconds that wishes wait, now (µs), day
-- Returns 1, or 0 when there was none.

redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[3], KEYS[4])
redis.call('ZREM', KEYS[5], ARGV[1])
if redis.call('ZCOUNT', KEYS[5], '+inf', '+inf') == 0 then redis.call('EXPIRE', KEYS[5], ARGV[3]) end
redis.call('ZADD', KEYS[6], 'LT', ARGV[4], ARGV[5])
return redis.call('HDEL', KEYS[2], ARGV[2])
