-- Change a subscription, unless it changed or went away meanwhile.
--
-- KEYS: subs, due
-- ARGV: subscription id, what is stored, what is to be stored, its job, instant it is due ('' for
--       never, '=' for as it was)
-- Returns 1, or 0 when something else is stored by now.

if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if ARGV[5] == '' then redis.call('ZREM', KEYS[2], ARGV[4])
elseif ARGV[5] ~= '=' then redis.call('ZADD', KEYS[2], ARGV[5], ARGV[4]) end
return 1
