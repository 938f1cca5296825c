-- Move the pointer to another snapshot, unless a later holder of the lease has come since.
--
-- KEYS: fence, snapshot pointer, manifests   ARGV: lease, token ('' for a person), snapshot id
-- Returns 1 when moved, 0 when the token is stale, -1 when there is no such snapshot.

if ARGV[2] ~= '' and redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if redis.call('HEXISTS', KEYS[3], ARGV[3]) == 0 then return -1 end
redis.call('SET', KEYS[2], ARGV[3])
return 1
