-- What scripts that change boards share; `scripts.source` puts it before them.
--
-- A row of the board: {counts = {counter: n}, scores = one per window, votes = n, last = instant}.
--
-- Of an item's votes there are three keys:
--   votes    all of them, user -> `instant` or `instant:counts from`. Those of the item's owners and
--            those that are still held do not count; the recount key remembers when the next of them will
--   counted  those that count, user -> instant
--   sums     what these are worth, so that one vote costs the same however many there are: by window and
--            stretch of one half-life the sum of 2^(how far into the stretch each was cast), as integers,
--            which are the same in whatever order votes came and went. Field '' says what the sums were
--            made with and of how many votes: where that is not so (any more) - of another release, say -
--            they are made anew.

local LN2 = math.log(2)

local function whole(number) return string.format('%.0f', number) end

local function read_row(board, item)
  local packed = redis.call('HGET', board, item)
  return packed and cmsgpack.unpack(packed) or {counts = {}, scores = {}, votes = 0, last = 0}
end

-- Returns what was written. A row that says nothing is the same as none.
local function write_row(board, item, row)
  local packed = cmsgpack.pack(row)
  if row.votes == 0 and next(row.counts) == nil then redis.call('HDEL', board, item)
  else redis.call('HSET', board, item, packed) end
  return packed
end

-- Nothing left is the same as never counted.
local function add(counts, counter, change)
  local count = (counts[counter] or 0) + change
  counts[counter] = count ~= 0 and count or nil
end

-- Returns the instant that a vote stands since, and the one it counts from.
local function parse_vote(value)
  local since = tonumber(value)
  if since then return since, 0 end
  local text, from = string.match(value, '(%d+):(%d+)')
  return tonumber(text), tonumber(from)
end

local function put_vote(votes, user, since, from)
  local value = whole(since)
  if from > 0 then value = value .. ':' .. whole(from) end
  redis.call('HSET', votes, user, value)
end

-- One vote in integers: 8 million of them in one stretch are still exact.
local UNIT = 2 ^ 40
-- What is older than the latest vote by more half-lives than these says nothing beside it.
local MOST_STRETCHES = 48

-- Returns the stretch of an instant, and how much a vote then adds to its sum.
local function place(to, half_life, instant)
  local age = (instant - to.epoch) / math.max(half_life, 1)
  local stretch = math.floor(age)
  return stretch, math.floor(2 ^ (age - stretch) * UNIT + 0.5)
end

local function add_to_sums(to, sums, instant, sign)
  for w, half_life in ipairs(to.half_lives) do
    if half_life ~= 0 then
      local stretch, worth = place(to, half_life, instant)
      local field = w .. ':' .. whole(stretch)
      if redis.call('HINCRBY', sums, field, whole(sign * worth)) == 0 then
        redis.call('HDEL', sums, field)
      end
    end
  end
end

local function owners_of(to, item)
  local packed, is_owner = redis.call('HGET', to.owners, item), {}
  for _, owner in ipairs(packed and cmsgpack.unpack(packed) or {}) do is_owner[owner] = true end
  return is_owner
end

-- Note when a vote that is held will count; the earliest of an item's is kept.
local function hold(to, item, from) redis.call('ZADD', to.recount, 'LT', whole(from), item) end

local function made_with(to, keys) return to.signature .. redis.call('HLEN', keys.votes) end

local function add_many(command, key, words)
  for i = 1, #words, 1000 do
    redis.call(command, key, unpack(words, i, math.min(i + 999, #words)))
  end
end

-- Make what is known of an item's votes anew from all of them.
local function count_anew(to, item, keys)
  redis.call('DEL', keys.counted, keys.sums)
  redis.call('ZREM', to.recount, item)
  local is_owner, found = owners_of(to, item), redis.call('HGETALL', keys.votes)
  local counted = {}
  for i = 1, #found, 2 do
    local since, from = parse_vote(found[i + 1])
    if not is_owner[found[i]] then
      if from <= to.now then
        counted[#counted + 1] = whole(since)
        counted[#counted + 1] = found[i]
        add_to_sums(to, keys.sums, since, 1)
      else hold(to, item, from) end
    end
  end
  add_many('ZADD', keys.counted, counted)
  if #found > 0 then redis.call('HSET', keys.sums, '', made_with(to, keys)) end
end

local function is_as_made(to, keys)
  return redis.call('HGET', keys.sums, '') == made_with(to, keys)
end

-- Put one reader's vote in the place of the one they had; `since` 0 for none.
local function cast(to, item, keys, user, since, from)
  local before = redis.call('ZSCORE', keys.counted, user)
  if before then
    redis.call('ZREM', keys.counted, user)
    add_to_sums(to, keys.sums, tonumber(before), -1)
  end
  if since == 0 then redis.call('HDEL', keys.votes, user)
  else
    put_vote(keys.votes, user, since, from)
    if not to.owned[item][user] then
      if from <= to.now then
        redis.call('ZADD', keys.counted, whole(since), user)
        add_to_sums(to, keys.sums, since, 1)
      else hold(to, item, from) end
    end
  end
end

-- Apply votes, [user, since, from, …] each, at the cost of these alone.
local function cast_all(to, item, keys, votes)
  if not is_as_made(to, keys) then count_anew(to, item, keys) end
  to.owned[item] = to.owned[item] or owners_of(to, item)
  for _, v in ipairs(votes) do cast(to, item, keys, v[1], v[2], v[3]) end
  redis.call('HSET', keys.sums, '', made_with(to, keys))
end

-- Returns the sums of the stretches that say something, by field.
local function read_sums(sums, fields)
  local found = {}
  if redis.call('HLEN', sums) <= #fields then
    local all = redis.call('HGETALL', sums)
    for i = 1, #all, 2 do found[all[i]] = tonumber(all[i + 1]) end
  else
    for i, sum in ipairs(redis.call('HMGET', sums, unpack(fields))) do
      found[fields[i]] = tonumber(sum or 0)
    end
  end
  return found
end

-- Write what the votes that count say into a row: how many, the latest, and log2 of what they are worth.
local function summarise(to, row, keys)
  row.votes, row.last, row.scores = redis.call('ZCARD', keys.counted), 0, {}
  if redis.call('EXISTS', keys.votes) == 0 then redis.call('DEL', keys.sums) end
  if row.votes == 0 then return end
  row.last = tonumber(redis.call('ZRANGE', keys.counted, -1, -1, 'WITHSCORES')[2])
  local fields = {}
  for w, half_life in ipairs(to.half_lives) do
    local newest = half_life ~= 0 and place(to, half_life, row.last)
    for back = 0, newest and MOST_STRETCHES - 1 or -1 do
      fields[#fields + 1] = w .. ':' .. whole(newest - back)
    end
  end
  local sums, at = read_sums(keys.sums, fields), 0
  for w, half_life in ipairs(to.half_lives) do
    if half_life == 0 then row.scores[w] = math.log(row.votes) / LN2
    else
      local newest, sum = place(to, half_life, row.last), 0
      for back = 0, MOST_STRETCHES - 1 do
        at = at + 1
        sum = sum + (sums[fields[at]] or 0) * 2 ^ -back
      end
      row.scores[w] = newest + math.log(sum / UNIT) / LN2
    end
  end
end

-- How votes are counted.
--
-- half_lives: packed, one per window in µs (0 never fades); epoch, now: µs; owners, recount: keys
local function counting(half_lives, epoch, now, owners, recount)
  return {
    half_lives = cmsgpack.unpack(half_lives), signature = half_lives, epoch = tonumber(epoch),
    now = tonumber(now), owners = owners, recount = recount, owned = {},
  }
end

-- The three keys of an item's votes, from the first of them on.
local function vote_keys(at) return {votes = KEYS[at], counted = KEYS[at + 1], sums = KEYS[at + 2]} end

-- News for the processes that serve: rows as fields of their own, since a list of them would not be
-- text.
local function announce(pulse, fields)
  redis.call('XADD', pulse, 'MAXLEN', '~', '10000', '*', unpack(fields))
end
