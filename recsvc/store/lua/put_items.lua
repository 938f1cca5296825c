-- Store, replace or delete items, each only if it is still as the caller read it.
--
-- KEYS: items, rows, changes, aliases, board, owners, recount
-- ARGV, six per item: id, SHA-1 of the JSON it replaces ('' if there is none), new JSON ('' deletes),
--       names it gains, names it loses, its owners (msgpack lists, '' for none)
-- Returns one integer per item: its row, or -1 when somebody else changed it first, when its id has
-- become an alias, or when a name it gains is not free: another item's, or one with events of its own.
--
-- Owners stand beside the items too, where counting votes finds them without reading texts. When they
-- change, the item's votes are to be counted anew.

local items, rows, changes, aliases, board = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local owners_of, recount = KEYS[6], KEYS[7]

local function list(packed)
  return packed == '' and {} or cmsgpack.unpack(packed)
end

local function is_free(name)
  return redis.call('HEXISTS', aliases, name) == 0 and redis.call('HEXISTS', items, name) == 0
    and redis.call('HEXISTS', board, name) == 0
end

local function may_write(id, expected, gained)
  local old = redis.call('HGET', items, id)
  if (old and redis.sha1hex(old) or '') ~= expected then return false end
  if redis.call('HEXISTS', aliases, id) == 1 then return false end
  for _, name in ipairs(gained) do
    if not is_free(name) then return false end
  end
  return true
end

local answers = {}
for i = 0, #ARGV / 6 - 1 do
  local id, expected, new = ARGV[6 * i + 1], ARGV[6 * i + 2], ARGV[6 * i + 3]
  local gained, lost = list(ARGV[6 * i + 4]), list(ARGV[6 * i + 5])
  local owners = ARGV[6 * i + 6]
  if not may_write(id, expected, gained) then
    answers[i + 1] = -1
  else
    local row = redis.call('HGET', rows, id)
    if not row then
      row = redis.call('HLEN', rows)
      redis.call('HSET', rows, id, row)
    end
    if new == '' then redis.call('HDEL', items, id)
    else redis.call('HSET', items, id, new) end
    for _, name in ipairs(lost) do redis.call('HDEL', aliases, name) end
    for _, name in ipairs(gained) do redis.call('HSET', aliases, name, id) end
    if (redis.call('HGET', owners_of, id) or '') ~= owners then
      if owners == '' then redis.call('HDEL', owners_of, id)
      else redis.call('HSET', owners_of, id, owners) end
      redis.call('ZADD', recount, 0, id)
    end
    redis.call('XADD', changes, 'MAXLEN', '~', '100000', '*', 'i', id, 'r', row)
    answers[i + 1] = tonumber(row)
  end
end
return answers
