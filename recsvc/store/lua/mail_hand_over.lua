-- Note that a mail is about to be accepted: from here on it counts as sent unless the relay says no.
--
-- KEYS: due, job   ARGV: job, token of the claim, local date, items (msgpack)
-- Returns 1; 0 when somebody else has the job in hand; -1 when nobody wants the mail any more.

if redis.call('HGET', KEYS[2], 'token') ~= ARGV[2] then return 0 end
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return -1 end
redis.call('HSET', KEYS[2], 'handing', ARGV[3], 'items', ARGV[4])
return 1
