-- Append a piece to an export, unless it was dropped meanwhile: what comes after a gap is worth nothing.
-- KEYS: exports, lines   ARGV: export id, what is noted of it, piece, seconds to keep them
-- Returns how many pieces there are; 0 for one that nobody waits for any more.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local n = redis.call('RPUSH', KEYS[2], ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return n
