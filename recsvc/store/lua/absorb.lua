-- Make one item of several: one stays, the others' ids become its aliases, their votes and counters
-- its own. All of it or nothing, and only if every item is still as the caller read it.
--
-- KEYS: items, rows, changes, aliases, board, pulse, owners, recount, keyed, the votes of the item that stays,
--       five keys, then those of each absorbed name
-- ARGV[1] how votes are counted: see `counting`
-- ARGV[2] trending epoch in µs
-- ARGV[3] id of the item that stays
-- ARGV[4] SHA-1 of the JSON it replaces ('' if there is none)
-- ARGV[5] its new JSON
-- ARGV[6] all its names from now on, msgpack list: the absorbed ones among them
-- ARGV[7] names it loses, msgpack list
-- ARGV[8] absorbed names, msgpack: [[name, SHA-1 of the item's JSON or '' if there is none], ...]
-- ARGV[9] readers' votes where the sum of both hashes is not their last word, msgpack:
--         [[user, instant or 0], ...]
-- ARGV[10] owners of the item, msgpack list, '' for none
-- ARGV[11] the present instant in µs
-- Returns the row of the item, or -1 when somebody else changed something first.

local items, rows, changes, aliases, board, pulse = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local owners, recount, kept = KEYS[7], KEYS[8], vote_keys(10)
local votes = kept.votes
local to = counting(ARGV[1], ARGV[2], ARGV[11], owners, recount, KEYS[9])
local id, expected, new = ARGV[3], ARGV[4], ARGV[5]
local names, lost, absorbed = cmsgpack.unpack(ARGV[6]), cmsgpack.unpack(ARGV[7]), cmsgpack.unpack(ARGV[8])

local is_absorbed = {}
for _, pair in ipairs(absorbed) do is_absorbed[pair[1]] = true end

local function is_as_read(name, digest)
  local json = redis.call('HGET', items, name)
  return (json and redis.sha1hex(json) or '') == digest
end

local function is_ours(name)
  local owner = redis.call('HGET', aliases, name)
  if owner then return owner == id or is_absorbed[owner] end
  if is_absorbed[name] then return true end
  return redis.call('HEXISTS', items, name) == 0 and redis.call('HEXISTS', board, name) == 0
end

local function may_write()
  if not is_as_read(id, expected) or redis.call('HEXISTS', aliases, id) == 1 then return false end
  for _, pair in ipairs(absorbed) do
    if not is_as_read(pair[1], pair[2]) then return false end
  end
  for _, name in ipairs(names) do
    if not is_ours(name) then return false end
  end
  return true
end

local function take_votes(from)
  local found = redis.call('HGETALL', from.votes)
  for i = 1, #found, 2 do
    local mine = parse_vote(redis.call('HGET', votes, found[i]) or '0')
    if parse_vote(found[i + 1]) > mine then redis.call('HSET', votes, found[i], found[i + 1]) end
  end
  redis.call('DEL', from.votes, from.counted, from.sums, from.nearby)
  take_heat(to, kept, from)
end

local function settle(user, instant)
  if instant == 0 then redis.call('HDEL', votes, user)
  else
    local _, from, trust, network = parse_vote(redis.call('HGET', votes, user) or '0')
    put_vote(votes, user, instant, from, trust, network)
  end
end

local function row_of(name)
  local row = redis.call('HGET', rows, name)
  if not row and name == id then
    row = redis.call('HLEN', rows)
    redis.call('HSET', rows, name, row)
  end
  return row
end

if not may_write() then return -1 end

local board_row, news = read_row(board, id), {}
for i, pair in ipairs(absorbed) do
  local name = pair[1]
  for counter, n in pairs(read_row(board, name).counts) do
    add(board_row.counts, counter, n)
  end
  take_votes(vote_keys(10 + N_VOTE_KEYS * i))
  redis.call('HDEL', items, name)
  redis.call('HDEL', owners, name)
  redis.call('ZREM', recount, name)
  news[#news + 1] = 'i' .. name
  news[#news + 1] = write_row(board, name, {counts = {}, scores = {}, votes = 0, last = 0})
end
for _, vote in ipairs(cmsgpack.unpack(ARGV[9])) do settle(vote[1], vote[2]) end
if ARGV[10] == '' then redis.call('HDEL', owners, id)
else redis.call('HSET', owners, id, ARGV[10]) end
count_anew(to, id, kept)
summarise(to, board_row, kept)
local n_standing = redis.call('HLEN', votes)
board_row.counts.upvote = n_standing > 0 and n_standing or nil
news[#news + 1] = 'i' .. id
news[#news + 1] = write_row(board, id, board_row)
announce(pulse, news)

redis.call('HSET', items, id, new)
for _, name in ipairs(lost) do redis.call('HDEL', aliases, name) end
for _, name in ipairs(names) do redis.call('HSET', aliases, name, id) end
for _, pair in ipairs(absorbed) do
  local row = row_of(pair[1])
  if row then redis.call('XADD', changes, 'MAXLEN', '~', '100000', '*', 'i', pair[1], 'r', row) end
end
redis.call('XADD', changes, 'MAXLEN', '~', '100000', '*', 'i', id, 'r', row_of(id))
return tonumber(row_of(id))
