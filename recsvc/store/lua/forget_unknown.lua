-- Forget what strangers said of items that did not come.
--
-- KEYS: unknown, items, board, pulse
-- ARGV: forget what was first spoken of before this instant (µs), how many at most
-- Returns how many rows went. An item that came meanwhile keeps what was said of it.

local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local fields = {}
for _, item in ipairs(due) do
  redis.call('ZREM', KEYS[1], item)
  if redis.call('HEXISTS', KEYS[2], item) == 0 then
    for _, family in ipairs({'votes', 'counted', 'sums', 'heat', 'nearby'}) do
      redis.call('DEL', 'rs:{site}:' .. family .. ':' .. item)
    end
    fields[#fields + 1] = 'i' .. item
    fields[#fields + 1] = write_row(KEYS[3], item, {counts = {}, scores = {}, votes = 0, last = 0})
  end
end
if #fields > 0 then announce(KEYS[4], fields) end
return #fields / 2
