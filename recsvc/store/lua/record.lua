-- Log events and fold each into its reader's profile: all or nothing per event, atomic per shard.
--
-- KEYS, eight per event: ids (current bucket), ids (bucket before), events, profile, shown, readers or
--       strangers, names, forgotten
-- ARGV[1]   seconds that event ids are remembered
-- ARGV[2]   seconds that an untouched profile lives
-- ARGV[3]   interactions kept per profile in detail; what stands - votes, saves, hides - goes beyond it
-- ARGV[4]   impressions kept per reader
-- ARGV[5]   microseconds that votes of a reader are held, from when they were first seen
-- ARGV[6]   seconds that an untouched profile of an anonymous session lives
-- ARGV[7]   anonymous sessions of a shard that are remembered
-- ARGV[8]   interactions and impressions kept of each of them, whatever stands
-- ARGV[9]   event ids of a shard's anonymous sessions that are remembered, at most twice that
-- ARGV[10]  seconds that preferences of an anonymous session live, and what is known of it at all
-- ARGV[11..] fourteen per event: digest of its id ('' if it has none), item, role, name of the state or
--           signal, instant (µs), value (thousandths), entry (msgpack), aliases of the item (msgpack
--           list, '' for none), instant received (µs), '1' for an anonymous session, user,
--           digest of its id as former releases made it ('' for none), keyed digest of the user,
--           trace that it is part of ('' for none)
--
-- Readers who are not anonymous are in the index: their name, and when they were last heard of.
--
-- Returns one integer per event: 1 accepted, 0 a duplicate, 2 accepted and a state is as it was.
--
-- A state that changes - a vote, a save, a hide - is logged with its transition (s, w, n: state, instant
-- it was on since, instant it is on since), so that counters can follow the log without reading profiles.
-- A vote that does not count at once also says from when on it will (d). A signal that is its reader's first of
-- this name on the item says so (f). What is part of a trace says of which (t).

-- Fields that no item can have, as control characters are not part of ids.
local FIRST_SEEN, PRUNE_AT, VERSION = '\1', '\2', '\3'
-- The name under which it is remembered that an item was acted on, when the details are forgotten.
local ACTED_ON = ''
-- Beyond the details this many times as many items are remembered as acted on.
local MORE_ACTED_ON = 4

local ids_ttl, known_ttl, anonymous_ttl = ARGV[1], ARGV[2], ARGV[6]
local hold = tonumber(ARGV[5])
local profile_cap, shown_cap = tonumber(ARGV[3]), tonumber(ARGV[4])
local strangers_cap, strangers_items, strangers_ids = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
local strangers_ttl = math.max(tonumber(ARGV[6]), tonumber(ARGV[10]))
local answers = {}

-- Whether something stands, and when the latest thing was done; 0 if all of it was taken back.
local function gist(packed)
  local stands, last = false, 0
  for _, value in pairs(cmsgpack.unpack(packed)) do
    if type(value) == 'table' then last = math.max(last, value[3])
    elseif value > 0 then stands, last = true, math.max(last, value) end
  end
  return stands, last
end

-- What is in a profile, its version left out.
local function size_of(profile) return redis.call('HLEN', profile) - 1 end

-- What a profile's version is after an entry of the log. It reads as an item that nothing was done to,
-- which is what former releases take it for.
local function version_of(entry_id)
  local ms, seq = string.match(entry_id, '(%d+)-(%d+)')
  return cmsgpack.pack({[ACTED_ON] = {tonumber(ms), tonumber(seq), 0}})
end

-- Forget details, the oldest first. What stands is never forgotten: a vote must be there to be taken
-- back, and what is hidden must never return. Of the others it is remembered for longer that they
-- were acted on, since that keeps them off the feed. Of strangers nothing goes beyond the cap.
local function prune(profile, cap, is_stranger)
  local fields = redis.call('HGETALL', profile)
  local others, n_standing = {}, 0
  for i = 1, #fields, 2 do
    local field = fields[i]
    if field ~= '' and field ~= FIRST_SEEN and field ~= PRUNE_AT and field ~= VERSION then
      local stands, last = gist(fields[i + 1])
      if stands and not is_stranger then n_standing = n_standing + 1
      else others[#others + 1] = {last, field} end
    end
  end
  table.sort(others, function(a, b)
    if a[1] ~= b[1] then return a[1] > b[1] end
    return a[2] < b[2]
  end)
  local detailed = math.max(0, cap - n_standing)
  local more = is_stranger and 0 or MORE_ACTED_ON * cap
  for i = detailed + 1, #others do
    local last, field = others[i][1], others[i][2]
    if last > 0 and i <= detailed + more then
      redis.call('HSET', profile, field, cmsgpack.pack({[ACTED_ON] = {0, 0, last}}))
    else redis.call('HDEL', profile, field) end
  end
  local size = size_of(profile)
  redis.call('HSET', profile, PRUNE_AT, math.ceil(size + cap * 0.1 + 1))
end

local function is_due(profile, size, cap)
  if size <= cap * 1.1 + 1 then return false end
  local at = redis.call('HGET', profile, PRUNE_AT)
  return not at or size > tonumber(at)
end

-- Add what was done to an item under another of its names: the later state, off at equal times; the sum
-- of signals.
local function add(known, other)
  for name, value in pairs(other) do
    local mine = known[name]
    if type(value) == 'table' then
      mine = mine or {0, 0, 0}
      known[name] = {mine[1] + value[1], mine[2] + value[2], math.max(mine[3], value[3])}
    elseif not mine or math.abs(value) > math.abs(mine) or (value == -mine and value < 0) then
      known[name] = value
    end
  end
end

-- What is known of a reader and an item, under whichever of its names; from now on under its id. Also
-- whether anything is.
local function take(profile, item, aliases)
  local packed = redis.call('HGET', profile, item)
  local known = packed and cmsgpack.unpack(packed) or {}
  if aliases == '' then return known, packed end
  for _, alias in ipairs(cmsgpack.unpack(aliases)) do
    local other = redis.call('HGET', profile, alias)
    if other then
      add(known, cmsgpack.unpack(other))
      redis.call('HDEL', profile, alias)
      packed = other
    end
  end
  return known, packed
end

-- When a vote will count; nil for at once.
local function counts_from(profile, received)
  if hold == 0 then return nil end
  local first = redis.call('HGET', profile, FIRST_SEEN)
  if not first and redis.call('EXISTS', profile) == 0 then first = received end
  local due = first and tonumber(first) + hold or 0
  return due > tonumber(received) and string.format('%.0f', due) or nil
end

local function is_known(ids, id) return redis.call('SISMEMBER', ids, id) == 1 end

-- Whoever was erased comes back as somebody new: what they send again is no repetition.
local has_forgotten = {}
local function own_id(forgotten, user, id)
  if has_forgotten[forgotten] == nil then
    has_forgotten[forgotten] = redis.call('EXISTS', forgotten) == 1
  end
  if not has_forgotten[forgotten] then return id end
  return id .. (redis.call('HGET', forgotten, user) or '')
end

-- Whether an event is taken for the first time; from now on it is known. Also not if a former release took
-- it, by the digest of then ('' for none); of somebody erased since that is forgotten.
local function is_first(ids, ids_before, id, former)
  local is_new = redis.call('SADD', ids, id) == 1
  if former == '' then return is_new and not is_known(ids_before, id) end
  local before = redis.call('SMISMEMBER', ids_before, id, former)
  return is_new and before[1] == 0 and before[2] == 0 and not is_known(ids, former)
end

-- Append an entry to the log, with the trace that it is part of.
local function append(events, fields, trace)
  if trace ~= '' then fields[#fields + 1], fields[#fields + 2] = 't', trace end
  return redis.call('XADD', events, '*', unpack(fields))
end

-- When keys end, by key: told once at the end, however many events of a call touch them.
local lives, begun = {}, {}

for e = 0, #KEYS / 8 - 1 do
  local k = 8 * e
  local ids, ids_before, events = KEYS[k + 1], KEYS[k + 2], KEYS[k + 3]
  local profile, shown, readers, names = KEYS[k + 4], KEYS[k + 5], KEYS[k + 6], KEYS[k + 7]
  local a = 10 + 14 * e
  local id, item, role, name = ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], ARGV[a + 4]
  local at, value, entry = tonumber(ARGV[a + 5]), tonumber(ARGV[a + 6]), ARGV[a + 7]
  local received, trace = ARGV[a + 9], ARGV[a + 14]
  local is_stranger = ARGV[a + 10] == '1'
  local profile_ttl = is_stranger and anonymous_ttl or known_ttl
  local items_cap = is_stranger and math.min(strangers_items, profile_cap) or profile_cap

  local fresh = true
  if id ~= '' then
    id = own_id(KEYS[k + 8], ARGV[a + 13], id)
    fresh = is_first(ids, ids_before, id, id == ARGV[a + 1] and ARGV[a + 12] or '')
    if not is_stranger then begun[ids] = ids_ttl
    elseif fresh then
      redis.call('EXPIRE', ids, ids_ttl, 'NX')
      if redis.call('SCARD', ids) >= strangers_ids then redis.call('RENAME', ids, ids_before) end
    end
  end

  if fresh and is_stranger then
    note_stranger(readers, ARGV[a + 11], received, strangers_cap, strangers_ttl)
  elseif fresh then
    if redis.call('ZADD', readers, 'GT', received, ARGV[a + 11]) == 1 then
      redis.call('ZADD', names, 0, ARGV[a + 11])
    end
    lives[readers], lives[names] = known_ttl, known_ttl
  end

  if not fresh then
    answers[e + 1] = 0
  elseif role == 'exposure' then
    append(events, {'e', entry}, trace)
    redis.call('ZADD', shown, 'GT', ARGV[a + 5], item)
    local most = is_stranger and math.min(strangers_items, shown_cap) or shown_cap
    redis.call('ZREMRANGEBYRANK', shown, 0, -most - 1)
    lives[shown] = profile_ttl
    answers[e + 1] = 1
  else
    local known, packed = take(profile, item, ARGV[a + 8])
    local entry_id, is_switched
    answers[e + 1] = 1
    if role == 'signal' then
      local s, fields = known[name], {'e', entry}
      if not s and not known[ACTED_ON] then fields[3], fields[4] = 'f', '1' end
      s = s or {0, 0, 0}
      known[name] = {s[1] + 1, s[2] + value, math.max(s[3], at)}
      entry_id = append(events, fields, trace)
    else
      local old = known[name] or 0
      local newer = at > math.abs(old) or (at == math.abs(old) and role == 'clear')
      local was = old > 0 and string.format('%.0f', old) or ''
      local now = role == 'state' and ARGV[a + 5] or ''
      if newer then known[name] = role == 'state' and at or -at end
      if newer and was ~= now then
        local due = now ~= '' and name == 'upvote' and counts_from(profile, received)
        local fields = {'e', entry, 's', name, 'w', was, 'n', now}
        if due then fields[9], fields[10] = 'd', due end
        entry_id, is_switched = append(events, fields, trace), true
      else
        entry_id = append(events, {'e', entry}, trace)
        answers[e + 1] = 2
      end
    end
    local changed = {item, cmsgpack.pack(known), VERSION, version_of(entry_id)}
    if is_switched then changed[5], changed[6] = '', entry_id end
    redis.call('HSET', profile, unpack(changed))
    local size = size_of(profile)
    if not packed and size <= 2 then redis.call('HSETNX', profile, FIRST_SEEN, received) end
    if is_due(profile, size, items_cap) then prune(profile, items_cap, is_stranger) end
    lives[profile] = profile_ttl
  end
end

for key, seconds in pairs(lives) do redis.call('EXPIRE', key, seconds) end
for key, seconds in pairs(begun) do redis.call('EXPIRE', key, seconds, 'NX') end
return answers
