-- Do one command even in a store that is full.
--
-- KEYS: the key   ARGV: the command, and what follows the key

return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))
