-- Begin a new epoch of the log, unless somebody else did so first.
--
-- KEYS[1]  the epochs whose events the store holds, the one being written first
-- ARGV[1]  the one being written as the caller knows it, empty for none
-- ARGV[2…] the epochs held from now on, the new one first
-- Returns 1 when it was begun, 0 when the caller was not the first.
if (redis.call('LINDEX', KEYS[1], 0) or '') ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
for i = 2, #ARGV do
  redis.call('RPUSH', KEYS[1], ARGV[i])
end
return 1
