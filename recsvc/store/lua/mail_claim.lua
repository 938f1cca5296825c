-- Take a due job in hand for the length of a lease: nobody else finds it due before that is over.
--
-- KEYS: due, job   ARGV: job, now (µs), end of the lease (µs), token of the claim, seconds to live
-- Returns what is known of the job as field, value, …; nothing when it is not due (any more).

local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not at or tonumber(at) > tonumber(ARGV[2]) then return false end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], 'token', ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[5])
return redis.call('HGETALL', KEYS[2])
