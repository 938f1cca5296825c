-- Replace a field of a hash, if it still is as it was read.
--
-- KEYS: the hash   ARGV: field, value that it must have, value that it gets
-- Returns 1 when it was replaced, 0 when somebody else changed it first.

if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
