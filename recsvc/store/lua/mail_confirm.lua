-- Turn a wish that waits into a subscription, once.
--
-- KEYS: pending, subs, due, of (the reader's jobs)
-- ARGV: confirming job, subscription id, subscription (JSON), its job, instant it is due, 1 if it
--       belongs to a reader
-- Returns 1, or 0 when the wish is gone: expired, or confirmed before.

if redis.call('DEL', KEYS[1]) == 0 then return 0 end
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[4])
if ARGV[6] == '1' then
  redis.call('ZREM', KEYS[4], ARGV[1])
  redis.call('ZADD', KEYS[4], '+inf', ARGV[4])
  redis.call('PERSIST', KEYS[4])
end
return 1
