-- Note that an anonymous session changed or used its preferences: they live on, within the budget.
--
-- KEYS: strangers, preferences
-- ARGV: user, instant (µs), strangers of a shard, seconds that preferences live

redis.call('EXPIRE', KEYS[2], ARGV[4])
note_stranger(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4])
return 1
