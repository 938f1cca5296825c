-- Keep a wish to subscribe for a while, and have its address asked for confirmation.
--
-- KEYS: pending, due, of (the reader's jobs), left
-- ARGV: wish (JSON), seconds it waits, its job, now (µs), now (s; '' without a reader), when it ends (µs), that day

redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
redis.call('ZADD', KEYS[4], 'LT', ARGV[6], ARGV[7])
if ARGV[5] ~= '' then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[5])
  redis.call('ZADD', KEYS[3], ARGV[5] + ARGV[2], ARGV[3])
  if redis.call('ZCOUNT', KEYS[3], '+inf', '+inf') == 0 then
    redis.call('EXPIRE', KEYS[3], ARGV[2])
  end
end
return 1
