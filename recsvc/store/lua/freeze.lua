-- Keep a ranked list for its next page, and return the id of its entry.
--
-- KEYS: lists   ARGV: how to cap them (`=` or `~`), entries at most, seconds they live, the list
--
-- Reading must cost no disk: what is written here goes to no log and to no replica. A store that is
-- started anew knows nothing of it, which is answered as any list that is gone.

redis.set_repl(redis.REPL_NONE)
local entry = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[1], ARGV[2], '*', '', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return entry
