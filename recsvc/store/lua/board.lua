-- What scripts that change boards share; `scripts.source` puts it before them.
--
-- A row of the board: {counts = {counter: n}, scores = one per window, votes = n, last = instant}.
--
-- Of an item's votes, and of what else trending counts, there are four keys:
--   votes    all of them, user -> `instant`, `instant:counts from` or `instant:counts from:who vouches`.
--            Those of the item's owners, those that are still held and those of nobody who counts do
--            not count; the recount key remembers when the next of them will
--   counted  those that count, user -> instant
--   sums     what these are worth, so that one vote costs the same however many there are: by window and
--            stretch of one half-life the sum of 2^(how far into the stretch each was cast), as integers,
--            which are the same in whatever order votes came and went. Field '' says what the sums were
--            made with and of how many votes: where that is not so (any more) - of another release, say -
--            they are made anew.
--   heat     the same sums of what other kinds of events are worth, and in field 'last' the latest instant
--            of one. They are not kept one by one: what was made with something else says nothing any more.

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

-- Returns the instant that a vote stands since, the one it counts from, and who vouches for it ('' for
-- what the id says).
local function parse_vote(value)
  local since = tonumber(value)
  if since then return since, 0, '' end
  local text, from, trust = string.match(value, '(%d+):(%d+):?(%a*)')
  return tonumber(text), tonumber(from), trust
end

local function put_vote(votes, user, since, from, trust)
  local value = whole(since)
  if from > 0 or trust ~= '' then value = value .. ':' .. whole(from) end
  if trust ~= '' then value = value .. ':' .. trust end
  redis.call('HSET', votes, user, value)
end

-- One vote in integers: 8 million of them in one stretch are still exact.
local UNIT = 2 ^ 40
-- What is older than the latest vote by more half-lives than these says nothing beside it.
local MOST_STRETCHES = 48

-- Returns the stretch of an instant, and how much a vote then adds to its sum.
local function place(to, half_life, instant)
  if half_life == 0 then return 0, UNIT end
  local age = (instant - to.epoch) / math.max(half_life, 1)
  local stretch = math.floor(age)
  return stretch, math.floor(2 ^ (age - stretch) * UNIT + 0.5)
end

local function add_to_sums(to, sums, instant, weight)
  for w, half_life in ipairs(to.half_lives) do
    local stretch, worth = place(to, half_life, instant)
    local field, change = w .. ':' .. whole(stretch), math.floor(math.abs(weight) * worth + 0.5)
    if redis.call('HINCRBY', sums, field, whole(weight < 0 and -change or change)) == 0 then
      redis.call('HDEL', sums, field)
    end
  end
end

-- What a vote counts by who vouches for it; while no key exists all count in full.
local function weight_of(to, user, trust)
  if not to.is_keyed then return 1 end
  if trust == '' then
    local is_page = string.find(user, '^visitor%-') or string.find(user, '^simulated%-')
    trust = string.find(user, '^anon:') and 'session' or is_page and 'page' or 'secret'
  end
  return to.weights[trust] or 1
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
    local since, from, trust = parse_vote(found[i + 1])
    local weight = weight_of(to, found[i], trust)
    if weight > 0 and not is_owner[found[i]] then
      if from <= to.now then
        counted[#counted + 1] = whole(since)
        counted[#counted + 1] = found[i]
        add_to_sums(to, keys.sums, since, weight)
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
local function cast(to, item, keys, user, since, from, trust)
  local before = redis.call('ZSCORE', keys.counted, user)
  if before then
    redis.call('ZREM', keys.counted, user)
    local _, _, known = parse_vote(redis.call('HGET', keys.votes, user) or '0')
    add_to_sums(to, keys.sums, tonumber(before), -weight_of(to, user, known))
  end
  if since == 0 then redis.call('HDEL', keys.votes, user)
  else
    put_vote(keys.votes, user, since, from, trust)
    local weight = weight_of(to, user, trust)
    if weight > 0 and not to.owned[item][user] then
      if from <= to.now then
        redis.call('ZADD', keys.counted, whole(since), user)
        add_to_sums(to, keys.sums, since, weight)
      else hold(to, item, from) end
    end
  end
end

-- Apply votes, [user, since, from, …, who vouches] each, at the cost of these alone.
local function cast_all(to, item, keys, votes)
  if not is_as_made(to, keys) then count_anew(to, item, keys) end
  to.owned[item] = to.owned[item] or owners_of(to, item)
  for _, v in ipairs(votes) do cast(to, item, keys, v[1], v[2], v[3], v[6] or '') end
  redis.call('HSET', keys.sums, '', made_with(to, keys))
end

-- What was added with another half-life or other weights fits nothing that is added now.
local function is_heat_as_made(to, keys) return redis.call('HGET', keys.heat, '') == to.signature end

-- Forget the stretches that say nothing beside the latest, once there are many.
local function prune_heat(to, keys)
  if redis.call('HLEN', keys.heat) <= 3 * #to.half_lives * MOST_STRETCHES then return end
  local last, gone = tonumber(redis.call('HGET', keys.heat, 'last')), {}
  for _, field in ipairs(redis.call('HKEYS', keys.heat)) do
    local w, stretch = string.match(field, '^(%d+):(-?%d+)$')
    local half_life = w and to.half_lives[tonumber(w)]
    if half_life and tonumber(stretch) <= place(to, half_life, last) - MOST_STRETCHES then
      gone[#gone + 1] = field
    end
  end
  add_many('HDEL', keys.heat, gone)
end

-- Add what events of other kinds than votes are worth, [instant, votes, user, who vouches] each.
local function warm_all(to, item, keys, heat)
  if not is_heat_as_made(to, keys) then
    redis.call('DEL', keys.heat)
    redis.call('HSET', keys.heat, '', to.signature)
  end
  to.owned[item] = to.owned[item] or owners_of(to, item)
  for _, h in ipairs(heat) do
    local at, weight = h[1], h[2] * weight_of(to, h[3], h[4])
    if weight ~= 0 and not to.owned[item][h[3]] then
      add_to_sums(to, keys.heat, at, weight)
      local last = tonumber(redis.call('HGET', keys.heat, 'last') or '0')
      if weight > 0 and at > last then redis.call('HSET', keys.heat, 'last', whole(at)) end
    end
  end
  prune_heat(to, keys)
end

-- Take over what was added to an item that has become one with this one.
local function take_heat(to, keys, from)
  if is_heat_as_made(to, from) then
    if not is_heat_as_made(to, keys) then redis.call('DEL', keys.heat) end
    local found = redis.call('HGETALL', from.heat)
    for i = 1, #found, 2 do
      local field, value = found[i], found[i + 1]
      if field == '' then redis.call('HSET', keys.heat, '', value)
      elseif field == 'last' then
        local last = tonumber(redis.call('HGET', keys.heat, 'last') or '0')
        redis.call('HSET', keys.heat, 'last', whole(math.max(last, tonumber(value))))
      else redis.call('HINCRBY', keys.heat, field, value) end
    end
  end
  redis.call('DEL', from.heat)
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

-- Write what the votes that count say into a row: how many, the latest, and log2 of what they are worth;
-- of the latter two also what other kinds of events say.
local function summarise(to, row, keys)
  row.votes, row.last, row.scores = redis.call('ZCARD', keys.counted), 0, {}
  if redis.call('EXISTS', keys.votes) == 0 then redis.call('DEL', keys.sums) end
  local is_warm = is_heat_as_made(to, keys)
  if is_warm then row.last = tonumber(redis.call('HGET', keys.heat, 'last') or '0') end
  if row.votes > 0 then
    local latest = redis.call('ZRANGE', keys.counted, -1, -1, 'WITHSCORES')[2]
    row.last = math.max(row.last, tonumber(latest))
  end
  if row.last == 0 then return end
  local fields = {}
  for w, half_life in ipairs(to.half_lives) do
    local newest = place(to, half_life, row.last)
    for back = 0, MOST_STRETCHES - 1 do
      fields[#fields + 1] = w .. ':' .. whole(newest - back)
    end
  end
  local sums, heat, at = read_sums(keys.sums, fields), {}, 0
  if is_warm then heat = read_sums(keys.heat, fields) end
  for w, half_life in ipairs(to.half_lives) do
    local newest, sum = place(to, half_life, row.last), 0
    for back = 0, MOST_STRETCHES - 1 do
      at = at + 1
      sum = sum + ((sums[fields[at]] or 0) + (heat[fields[at]] or 0)) * 2 ^ -back
    end
    row.scores[w] = newest + math.log(math.max(sum, 0) / UNIT) / LN2
  end
end

-- How votes are counted.
--
-- how: packed, [half-lives of the windows in µs (0 never fades), weight of a vote by who vouches for it];
-- epoch, now: µs; owners, recount, keyed: keys
local function counting(how, epoch, now, owners, recount, keyed)
  local half_lives, weights = unpack(cmsgpack.unpack(how))
  local is_keyed = redis.call('EXISTS', keyed) == 1
  return {
    half_lives = half_lives, weights = weights, is_keyed = is_keyed,
    signature = how .. (is_keyed and 'keyed' or ''), epoch = tonumber(epoch),
    now = tonumber(now), owners = owners, recount = recount, owned = {},
  }
end

-- The keys of an item's votes, and of what else trending counts, from the first of them on.
local N_VOTE_KEYS = 4

local function vote_keys(at)
  return {votes = KEYS[at], counted = KEYS[at + 1], sums = KEYS[at + 2], heat = KEYS[at + 3]}
end

-- News for the processes that serve: rows as fields of their own, since a list of them would not be
-- text.
local function announce(pulse, fields)
  redis.call('XADD', pulse, 'MAXLEN', '~', '10000', '*', unpack(fields))
end
