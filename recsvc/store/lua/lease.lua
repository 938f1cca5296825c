-- Take or renew a lease. Whoever takes it anew gets the next fencing token, so that what an earlier
-- holder still has under way can be told from what the present one does.
--
-- A store's clock that is set back makes a lease last longer by as much, and its holder may be dead: it
-- is cut to what anybody asks for, which a living holder renews in time.
--
-- KEYS: lock, fence   ARGV: name, holder, milliseconds
-- Returns the token, or 0 while somebody else holds the lease.

local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[2] then
  if redis.call('PTTL', KEYS[1]) > tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if held then return tonumber(redis.call('HGET', KEYS[2], ARGV[1])) end
return redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
