-- Forget a reader at once, and note durably that what is logged of them up to now must go too.
--
-- KEYS: profile, shown, events, erasures, preferences, lists, readers, names, forgotten
-- ARGV: erasure id, user, instant (µs), keyed digest of the user, seconds that it is remembered
--
-- Digests of the reader's event ids are of no use from then on: those of later events depend on the erasure.
--
-- One step, so that whatever arrives later starts afresh: it is logged after the cut, in a profile
-- that knows nothing. Returns the number of interactions and impressions that were forgotten.

local function last_entry(stream)
  if redis.call('EXISTS', stream) == 0 then return '0-0' end
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end

local interactions = 0
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if not string.match(field, '^%c?$') then interactions = interactions + 1 end
end
local shown = redis.call('ZCARD', KEYS[2])
local preferences = redis.call('HLEN', KEYS[5])
redis.call('DEL', KEYS[1], KEYS[2], KEYS[5], KEYS[6])
redis.call('ZREM', KEYS[7], ARGV[2])
redis.call('ZREM', KEYS[8], ARGV[2])
redis.call('HSET', KEYS[9], ARGV[4], ARGV[1])
redis.call('EXPIRE', KEYS[9], ARGV[5])
local job = {
  user = ARGV[2], requested_us = tonumber(ARGV[3]), cut = last_entry(KEYS[3]),
  counts = {interactions = interactions, shown = shown, preferences = preferences},
}
redis.call('HSET', KEYS[4], ARGV[1], cmsgpack.pack(job))
return {interactions, shown}
