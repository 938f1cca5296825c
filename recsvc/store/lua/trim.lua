-- Drop the beginnings of logs, unless the store is no longer the one they were archived from.
--
-- KEYS[1]  the epochs whose events the store holds, the one being written first
-- KEYS[2…] the logs
-- ARGV[1]  the epoch that was archived
-- ARGV[2…] by log, the first id to stay
-- Returns 1, or 0 when nothing was dropped.
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then
  return 0
end
for i = 2, #KEYS do
  redis.call('XTRIM', KEYS[i], 'MINID', '=', ARGV[i])
end
return 1
