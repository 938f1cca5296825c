-- Put batches of several shards' logs on the boards, each exactly once: the id of the last entry
-- applied is stored beside what it changed. A batch of no shard recounts items, and takes votes away.
--
-- KEYS: applied, board, pulse, aliases, owners, recount, keyed, items, unknown, then the votes of items, five
--       keys each, which operations name by the index of the first
-- ARGV[1] how votes are counted: see `counting`
-- ARGV[2] trending epoch in µs
-- ARGV[3] batches, msgpack: a list of [shard or -1, id of the entry before the batch or '', ids of
--         its first and last entries, operations]; with '' for the last entry it is no stretch of a log and always
--         applied; an operation is
--         [item, {counter: change, ...}, index of its votes or 0, votes, heat, whether only strangers speak of
--         it], a vote being
--         [user, instant it stands since or 0, instant it counts from or 0, value it must have or '', place, who
--         vouches for it, network], and heat what other kinds of events add: [instant, votes, user, who vouches for it]
-- ARGV[4] the present instant in µs
-- ARGV[5] items that are not in the catalogue and that only strangers speak of: so many have a row
--
-- Returns per batch: 1 applied, 0 applied before, -1 entries before it are missing (another worker
-- still holds them): try again later; -2 it names an item by an alias: try again with its id; -3 some of
-- its entries were applied before: try again without them. Of a batch of no shard, how many votes were
-- taken away.

local applied_key, board, pulse, aliases = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local items, unknown = KEYS[8], KEYS[9]
local N_FIXED = 9
local to = counting(ARGV[1], ARGV[2], ARGV[4], KEYS[5], KEYS[6], KEYS[7])

local function before(a, b)
  local a_ms, a_seq = string.match(a, '(%d+)-(%d+)')
  local b_ms, b_seq = string.match(b, '(%d+)-(%d+)')
  a_ms, b_ms = tonumber(a_ms), tonumber(b_ms)
  return a_ms < b_ms or (a_ms == b_ms and tonumber(a_seq) < tonumber(b_seq))
end

local rows, revoted = {}, {}

local function row_of(item)
  rows[item] = rows[item] or read_row(board, item)
  return rows[item]
end

local n_unknown, has_aliases = redis.call('ZCARD', unknown), redis.call('EXISTS', aliases) == 1

-- Whether what strangers say of an item has a place: it exists, or others spoke of it, or there is room.
local function has_place(item, is_of_strangers)
  if not is_of_strangers then
    if n_unknown > 0 then n_unknown = n_unknown - redis.call('ZREM', unknown, item) end
    return true
  end
  if redis.call('HEXISTS', items, item) == 1 or redis.call('HEXISTS', board, item) == 1 then return true end
  if n_unknown >= tonumber(ARGV[5]) then return false end
  n_unknown = n_unknown + redis.call('ZADD', unknown, 'NX', ARGV[4], item)
  return true
end

local function apply(op)
  local item, changes, votes_at, votes, heat = op[1], op[2], op[3], op[4], op[5]
  if not has_place(item, op[6]) then return end
  local counts = row_of(item).counts
  for counter, change in pairs(changes) do add(counts, counter, change) end
  if votes_at == 0 then return end
  local keys = vote_keys(N_FIXED + votes_at)
  if #votes > 0 then cast_all(to, item, keys, votes) end
  if #heat > 0 then warm_all(to, item, keys, heat) end
  revoted[item] = keys
end

-- Count again, without the votes that still are as they were when somebody decided they must go.
local function recount(op)
  local item, votes = op[1], op[4]
  local keys, taken = vote_keys(N_FIXED + op[3]), 0
  for _, v in ipairs(votes) do
    if redis.call('HGET', keys.votes, v[1]) == v[4] then
      taken = taken + redis.call('HDEL', keys.votes, v[1])
    end
  end
  count_anew(to, item, keys)
  if redis.call('HEXISTS', board, item) == 0 then return taken end  -- nobody ever voted on it
  add(row_of(item).counts, 'upvote', -taken)
  revoted[item] = keys
  return taken
end

local function names_an_alias(ops)
  if not has_aliases then return false end
  for _, op in ipairs(ops) do
    if redis.call('HEXISTS', aliases, op[1]) == 1 then return true end
  end
  return false
end

local answers, news = {}, {}
for i, batch in ipairs(cmsgpack.unpack(ARGV[3])) do
  local shard, previous, first, last, ops = batch[1], batch[2], batch[3], batch[4], batch[5]
  local applied = redis.call('HGET', applied_key, tostring(shard)) or '0-0'
  if shard < 0 then
    answers[i] = 0
    for _, op in ipairs(ops) do answers[i] = answers[i] + recount(op) end
  elseif last == '' then
    for _, op in ipairs(ops) do apply(op) end
    answers[i] = 1
  elseif not before(applied, last) then
    answers[i] = 0
  elseif previous ~= '' and before(applied, previous) then
    answers[i] = -1
  elseif not before(applied, first) then
    answers[i] = -3
  elseif names_an_alias(ops) then
    answers[i] = -2
  else
    for _, op in ipairs(ops) do apply(op) end
    redis.call('HSET', applied_key, tostring(shard), last)
    news[#news + 1] = {tostring(shard), last}
    answers[i] = 1
  end
end

for item, keys in pairs(revoted) do summarise(to, rows[item], keys) end

-- The positions come last, when all rows they stand for are out.
local fields = {}
for item, row in pairs(rows) do
  fields[#fields + 1] = 'i' .. item
  fields[#fields + 1] = write_row(board, item, row)
  if #fields >= 1000 then
    announce(pulse, fields)
    fields = {}
  end
end
if #news > 0 then
  fields[#fields + 1] = 'a'
  fields[#fields + 1] = cmsgpack.pack(news)
end
if #fields > 0 then announce(pulse, fields) end
return answers
