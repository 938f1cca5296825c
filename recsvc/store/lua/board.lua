-- What scripts that change boards share; `scripts.source` puts it before them.
--
-- A row of the board: {counts = {counter: n}, scores = one per window, votes = n, last = instant}.
--
-- Of an item's votes, and of what else trending counts, there are five keys:
--   votes    all of them, user -> `instant`, `instant:counts from`, `instant:counts from:who vouches` or
--            `instant:counts from:who vouches:network`. Those of the item's owners, those that are still
--            held, those of nobody who counts and those beyond what one network may do not count; the
--            recount key remembers when the next of them will
--   counted  those that count, user -> instant
--   sums     what these are worth, so that one vote costs the same however many there are: by window and
--            stretch of one half-life the sum of 2^(how far into the stretch each was cast), as integers,
--            which are the same in whatever order votes came and went. Field '' says what the sums were
--            made with and of how many votes: where that is not so (any more) - of another release, say -
--            they are made anew. Field t<window> says what all stretches before one are worth at that one,
--            `stretch:worth`, so that a vote does not add them up again.
--   heat     the same sums of what other kinds of events are worth, and in field 'last' the latest instant
--            of one. They are not kept one by one: what was made with something else says nothing any more.
--   nearby   those votes nobody vouches for that count or would if their network had fewer:
--            `network:instant:user`, in the order in which they are let in

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

-- Returns the instant that a vote stands since, the one it counts from, who vouches for it ('' for what
-- the id says), and the network of one that nobody vouches for ('' where it is not known).
local function parse_vote(value)
  local since = tonumber(value)
  if since then return since, 0, '', '' end
  local text, from, trust, network = string.match(value, '(%d+):(%d+):?(%a*):?(%w*)')
  return tonumber(text), tonumber(from), trust, network
end

local function put_vote(votes, user, since, from, trust, network)
  local value = whole(since)
  if from > 0 or trust ~= '' or network ~= '' then value = value .. ':' .. whole(from) end
  if trust ~= '' or network ~= '' then value = value .. ':' .. trust end
  if network ~= '' then value = value .. ':' .. network end
  redis.call('HSET', votes, user, value)
end

-- One vote in integers: 8 million of them in one stretch are still exact.
local UNIT = 2 ^ 40
-- What is older than the latest vote by more half-lives than these says nothing beside it.
local MOST_STRETCHES = 48
-- So few fields are read all together sooner than one by one.
local FEW_FIELDS = 24

-- Returns the stretch of an instant, and how much a vote then adds to its sum.
local function place(to, half_life, instant)
  if half_life == 0 then return 0, UNIT end
  local age = (instant - to.epoch) / math.max(half_life, 1)
  local stretch = math.floor(age)
  return stretch, math.floor(2 ^ (age - stretch) * UNIT + 0.5)
end

local function add_to_sums(to, sums, instant, weight)
  to.earliest[sums] = to.earliest[sums] or {}
  local earliest = to.earliest[sums]
  for w, half_life in ipairs(to.half_lives) do
    local stretch, worth = place(to, half_life, instant)
    earliest[w] = math.min(earliest[w] or stretch, stretch)
    local field, change = w .. ':' .. whole(stretch), math.floor(math.abs(weight) * worth + 0.5)
    if redis.call('HINCRBY', sums, field, whole(weight < 0 and -change or change)) == 0 then
      redis.call('HDEL', sums, field)
    end
  end
end

local UNVOUCHED = {session = true, page = true}

local function class_of(user, trust)
  if trust ~= '' then return trust end
  local is_page = string.find(user, '^visitor%-') or string.find(user, '^simulated%-')
  return string.find(user, '^anon:') and 'session' or is_page and 'page' or 'secret'
end

-- What a vote counts by who vouches for it; while no key exists all count in full.
local function weight_of(to, user, trust)
  if not to.is_keyed then return 1 end
  return to.weights[class_of(user, trust)] or 1
end

-- What a vote shares its place with: the network, if nobody vouches for it; '' for nothing.
local function crowd_of(to, user, trust, network)
  if to.is_keyed and UNVOUCHED[class_of(user, trust)] then return network end
  return ''
end

-- As text that sorts by network, instant and user, whatever the locale.
local function nearby_member(network, since, user)
  return network .. ':' .. string.format('%020.0f', since) .. ':' .. user
end

-- Returns those of a network who are let in, [user, instant] by member.
local function let_in(to, keys, network)
  local found = {}
  local low, high = '[' .. network .. ':', '(' .. network .. ';'
  for _, member in ipairs(redis.call('ZRANGEBYLEX', keys.nearby, low, high, 'LIMIT', 0, to.per_network)) do
    local since, user = string.match(member, '^%w+:(%d+):(.*)$')
    found[member] = {user, tonumber(since)}
  end
  return found
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
  redis.call('DEL', keys.counted, keys.sums, keys.nearby)
  redis.call('ZREM', to.recount, item)
  local is_owner, found = owners_of(to, item), redis.call('HGETALL', keys.votes)
  local counted, nearby, networks, weights = {}, {}, {}, {}
  local function count(user, since, weight)
    counted[#counted + 1] = whole(since)
    counted[#counted + 1] = user
    add_to_sums(to, keys.sums, since, weight)
  end
  for i = 1, #found, 2 do
    local user, since, from, trust, network = found[i], parse_vote(found[i + 1])
    local weight, crowd = weight_of(to, user, trust), crowd_of(to, user, trust, network)
    if weight > 0 and not is_owner[user] then
      if from > to.now then hold(to, item, from)
      elseif crowd == '' then count(user, since, weight)
      else
        nearby[#nearby + 1] = 0
        nearby[#nearby + 1] = nearby_member(crowd, since, user)
        networks[crowd], weights[user] = true, weight
      end
    end
  end
  add_many('ZADD', keys.nearby, nearby)
  for network in pairs(networks) do
    for _, one in pairs(let_in(to, keys, network)) do count(one[1], one[2], weights[one[1]]) end
  end
  add_many('ZADD', keys.counted, counted)
  if #found > 0 then redis.call('HSET', keys.sums, '', made_with(to, keys)) end
end

local function is_as_made(to, keys)
  return redis.call('HGET', keys.sums, '') == made_with(to, keys)
end

-- Let a vote that is stored count, or (sign -1) no longer.
local function count(to, keys, user, since, sign)
  local _, _, trust = parse_vote(redis.call('HGET', keys.votes, user))
  if sign > 0 then redis.call('ZADD', keys.counted, whole(since), user)
  else redis.call('ZREM', keys.counted, user) end
  add_to_sums(to, keys.sums, since, sign * weight_of(to, user, trust))
end

-- Add a vote to those of its network, or take it from them: another may come in or go out for it.
local function change_nearby(to, keys, network, change)
  local before = let_in(to, keys, network)
  change()
  local after = let_in(to, keys, network)
  for member, one in pairs(before) do
    if not after[member] then count(to, keys, one[1], one[2], -1) end
  end
  for member, one in pairs(after) do
    if not before[member] then count(to, keys, one[1], one[2], 1) end
  end
end

-- Take what a reader's stored vote counts out again.
local function withdraw(to, keys, user)
  local value = redis.call('HGET', keys.votes, user)
  if not value then return end
  local since, _, trust, network = parse_vote(value)
  local crowd = crowd_of(to, user, trust, network)
  if crowd ~= '' then
    change_nearby(to, keys, crowd, function()
      redis.call('ZREM', keys.nearby, nearby_member(crowd, since, user))
    end)
  elseif redis.call('ZSCORE', keys.counted, user) then count(to, keys, user, since, -1) end
end

-- Put one reader's vote in the place of the one they had; `since` 0 for none.
local function cast(to, item, keys, user, since, from, trust, network)
  withdraw(to, keys, user)
  if since == 0 then
    redis.call('HDEL', keys.votes, user)
    return
  end
  put_vote(keys.votes, user, since, from, trust, network)
  if weight_of(to, user, trust) == 0 or to.owned[item][user] then return end
  local crowd = crowd_of(to, user, trust, network)
  if from > to.now then hold(to, item, from)
  elseif crowd == '' then count(to, keys, user, since, 1)
  else
    change_nearby(to, keys, crowd, function()
      redis.call('ZADD', keys.nearby, 0, nearby_member(crowd, since, user))
    end)
  end
end

-- Apply votes, [user, since, from, …, who vouches, network] each, at the cost of these alone.
local function cast_all(to, item, keys, votes)
  if not is_as_made(to, keys) then count_anew(to, item, keys) end
  to.owned[item] = to.owned[item] or owners_of(to, item)
  for _, v in ipairs(votes) do cast(to, item, keys, v[1], v[2], v[3], v[6] or '', v[7] or '') end
  redis.call('HSET', keys.sums, '', made_with(to, keys))
end

-- What was added with another half-life or other weights fits nothing that is added now.
local function is_heat_as_made(to, keys) return redis.call('HGET', keys.heat, '') == to.heat_signature end

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

-- Add what events of other kinds than votes are worth, [instant, votes, user, who vouches] each. Once a
-- key exists those that nobody vouches for add nothing: they are not kept one by one, so that nothing
-- could bound what one network adds.
local function warm_all(to, item, keys, heat)
  if not is_heat_as_made(to, keys) then
    redis.call('DEL', keys.heat)
    redis.call('HSET', keys.heat, '', to.heat_signature)
  end
  to.owned[item] = to.owned[item] or owners_of(to, item)
  for _, h in ipairs(heat) do
    local at, weight = h[1], h[2] * weight_of(to, h[3], h[4])
    if to.is_keyed and UNVOUCHED[class_of(h[3], h[4])] then weight = 0 end
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

-- Returns what all stretches before one of a window are worth at that one, added up from the latest on, so
-- that the same sums make the same number.
local function worth_before(sums, w, stretch)
  local found = {}
  if redis.call('HLEN', sums) <= FEW_FIELDS then
    local all = redis.call('HGETALL', sums)
    for i = 1, #all, 2 do
      local of, at = string.match(all[i], '^(%d+):(-?%d+)$')
      if of == tostring(w) then found[stretch - tonumber(at)] = tonumber(all[i + 1]) end
    end
  else
    local fields = {}
    for back = 1, MOST_STRETCHES - 1 do fields[back] = w .. ':' .. whole(stretch - back) end
    local sums_found = redis.call('HMGET', sums, unpack(fields))
    for back = 1, MOST_STRETCHES - 1 do found[back] = tonumber(sums_found[back] or 0) end
  end
  local worth = 0
  for back = 1, MOST_STRETCHES - 1 do worth = worth + (found[back] or 0) * 2 ^ -back end
  return worth
end

-- Returns what the votes that count are worth at a stretch of each window. Those of the stretches before it
-- are added up only where one of them changed, or another stretch is the latest.
local function worth_of_votes(to, keys, stretches)
  local fields, worth, noted = {''}, {}, {}
  for w, stretch in ipairs(stretches) do
    fields[2 * w], fields[2 * w + 1] = w .. ':' .. whole(stretch), 't' .. w
  end
  local found = redis.call('HMGET', keys.sums, unpack(fields))
  local is_made, earliest = found[1] == made_with(to, keys), to.earliest[keys.sums] or {}
  for w, stretch in ipairs(stretches) do
    local at, before = string.match(found[2 * w + 1] or '', '^(-?%d+):(.+)$')
    if not is_made or tonumber(at) ~= stretch or (earliest[w] or stretch) < stretch then
      before = string.format('%.17g', worth_before(keys.sums, w, stretch))
      noted[#noted + 1] = 't' .. w
      noted[#noted + 1] = whole(stretch) .. ':' .. before
    end
    worth[w] = tonumber(found[2 * w] or 0) + tonumber(before)
  end
  if found[1] and #noted > 0 then redis.call('HSET', keys.sums, unpack(noted)) end
  return worth
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
  local stretches = {}
  for w, half_life in ipairs(to.half_lives) do stretches[w] = place(to, half_life, row.last) end
  local worth = row.votes > 0 and worth_of_votes(to, keys, stretches) or {}
  for w, stretch in ipairs(stretches) do
    local sum = worth[w] or 0
    if is_warm then
      local latest = redis.call('HGET', keys.heat, w .. ':' .. whole(stretch))
      sum = sum + tonumber(latest or 0) + worth_before(keys.heat, w, stretch)
    end
    row.scores[w] = stretch + math.log(math.max(sum, 0) / UNIT) / LN2
  end
end

-- How votes are counted.
--
-- how: how many votes of one network count that nobody vouches for, a colon, and packed [half-lives of the
-- windows in µs (0 never fades), weight of a vote by who vouches for it];
-- epoch, now: µs; owners, recount, keyed: keys
local function counting(how, epoch, now, owners, recount, keyed)
  local per_network, worth = string.match(how, '^(%d+):(.*)$')
  local half_lives, weights = unpack(cmsgpack.unpack(worth))
  local is_keyed = redis.call('EXISTS', keyed) == 1
  return {
    half_lives = half_lives, weights = weights, per_network = per_network, is_keyed = is_keyed,
    -- What former releases made is made anew: they do not keep `t<window>`.
    signature = how .. (is_keyed and 'keyed' or '') .. ':',
    heat_signature = worth .. (is_keyed and 'keyed' or ''), epoch = tonumber(epoch),
    now = tonumber(now), owners = owners, recount = recount, owned = {},
    earliest = {},  -- by sums and window, the earliest stretch that was changed
  }
end

-- The keys of an item's votes, and of what else trending counts, from the first of them on.
local N_VOTE_KEYS = 5

local function vote_keys(at)
  return {
    votes = KEYS[at], counted = KEYS[at + 1], sums = KEYS[at + 2], heat = KEYS[at + 3],
    nearby = KEYS[at + 4],
  }
end

-- News for the processes that serve: rows as fields of their own, since a list of them would not be
-- text.
local function announce(pulse, fields)
  redis.call('XADD', pulse, 'MAXLEN', '~', '10000', '*', unpack(fields))
end
