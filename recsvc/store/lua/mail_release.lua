-- Free a job whose worker died, at once instead of at the end of its lease.
--
-- KEYS: due, job   ARGV: job, token of the claim, now (µs), 1 if the mail may have been accepted
-- Returns 1, or 0 when the claim is over anyhow.

if redis.call('HGET', KEYS[2], 'token') ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[2], 'token')
if ARGV[4] ~= '1' then redis.call('HDEL', KEYS[2], 'handing', 'items') end
redis.call('ZADD', KEYS[1], 'XX', ARGV[3], ARGV[1])
return 1
