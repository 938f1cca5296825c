-- Log events and fold each into its reader's profile: all or nothing per event, atomic per shard.
--
-- Events come in groups - of one shard, one bucket of event ids, and either of readers or of anonymous
-- sessions - and in a group reader by reader. What a group asks of all its events is asked once, and so is what
-- a reader's ask of the profile: a call of the store costs as much as ten of the steps between two.
--
-- KEYS, of each group: ids (current bucket), ids (bucket before), events, readers or strangers, names,
--       forgotten; then of each of its readers: profile, shown
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
-- ARGV[11..] of each group: how many readers, '1' for anonymous sessions; then
--           of each of its readers: user, keyed digest of the user, how many events; then
--           of each of their events: digest of its id ('' if it has none), digest of its id as former releases
--           made it ('' for none), item, role, name of the state or signal, instant (µs), value
--           (thousandths), entry (msgpack), aliases of the item (msgpack list, '' for none), instant
--           received (µs), trace that it is part of ('' for none)
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
-- So many words at most go with one call: Lua's stack holds 8,000.
local MOST_WORDS = 4000
-- From so many seconds on a minute more or less is no matter: a hundredth of it.
local LAZY_TTL = 6554

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

-- An event is where its words begin in ARGV, and so is a reader: tables of their own would cost more than
-- all that is done with them. What lies where, from there on:
local ID, FORMER, ITEM, ROLE, NAME, AT, VALUE, ENTRY, ALIASES, RECEIVED, TRACE, OF_EVENT =
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
local USER, DIGEST, N_EVENTS, OF_READER = 0, 1, 2, 3

-- By event: what it is known by, where that is not what was sent; whether it was taken before.
local own_id, is_known = {}, {}

local function id_of(event) return own_id[event] or ARGV[event + ID] end

-- Where the events of a reader begin, and the last of them.
local function bounds(reader)
  local first = reader + OF_READER
  return first, first + OF_EVENT * (ARGV[reader + N_EVENTS] - 1)
end

-- Call a function with each event of a group.
local function each_event(group, call)
  for _, reader in ipairs(group.readers) do
    local first, last = bounds(reader)
    for event = first, last, OF_EVENT do call(event, reader) end
  end
end

-- Whoever was erased comes back as somebody new: what they send again is no repetition.
local function find_erased(group)
  if redis.call('EXISTS', group.forgotten) == 0 then return end
  each_event(group, function(event, reader)
    local erased = redis.call('HGET', group.forgotten, ARGV[reader + DIGEST])
    if erased and ARGV[event + ID] ~= '' then own_id[event] = ARGV[event + ID] .. erased end
  end)
end

-- Find out which events were taken before, and return the ids of the others. Taken are those, too, that a
-- former release took, by the digest of then; of somebody erased since that is forgotten.
local function find_known(group)
  local asked, fresh, taken, at = {}, {}, {}, 0
  each_event(group, function(event)
    if ARGV[event + ID] ~= '' then
      asked[#asked + 1] = id_of(event)
      if not own_id[event] and ARGV[event + FORMER] ~= '' then asked[#asked + 1] = ARGV[event + FORMER] end
    end
  end)
  if #asked == 0 then return fresh end
  local now = redis.call('SMISMEMBER', group.ids, unpack(asked))
  local before = redis.call('SMISMEMBER', group.ids_before, unpack(asked))
  local function was_next_taken()
    at = at + 1
    return now[at] == 1 or before[at] == 1
  end
  each_event(group, function(event)
    if ARGV[event + ID] ~= '' then
      local id, was_taken = id_of(event), was_next_taken()
      if not own_id[event] and ARGV[event + FORMER] ~= '' then was_taken = was_next_taken() or was_taken end
      if was_taken or taken[id] then is_known[event] = true
      else fresh[#fresh + 1], taken[id] = id, true end
    end
  end)
  return fresh
end

-- From now on these are known.
local function remember(group, fresh)
  if #fresh == 0 then return end
  if not group.is_stranger then
    redis.call('SADD', group.ids, unpack(fresh))
    redis.call('EXPIRE', group.ids, ids_ttl, 'NX')
    return
  end
  for _, id in ipairs(fresh) do
    redis.call('SADD', group.ids, id)
    redis.call('EXPIRE', group.ids, ids_ttl, 'NX')
    if redis.call('SCARD', group.ids) >= strangers_ids then
      redis.call('RENAME', group.ids, group.ids_before)
    end
  end
end

-- When a reader was heard of at last; nil where all was known.
local function heard_at(reader)
  local first, last = bounds(reader)
  local heard
  for event = first, last, OF_EVENT do
    local received = ARGV[event + RECEIVED]
    if not is_known[event] and (not heard or tonumber(received) > tonumber(heard)) then heard = received end
  end
  return heard
end

-- Note in the index when readers were heard of.
local function note_readers(group)
  local heard, n = {}, 0
  for _, reader in ipairs(group.readers) do
    local at = heard_at(reader)
    if at then heard[n + 1], heard[n + 2], n = at, ARGV[reader + USER], n + 2 end
  end
  if n == 0 then return end
  local has_new = redis.call('ZADD', group.index, 'GT', unpack(heard)) > 0
  if has_new then
    for i = 1, n, 2 do heard[i] = 0 end
    redis.call('ZADD', group.names, unpack(heard))
  end
  if has_new or redis.call('TTL', group.index) < tonumber(known_ttl) then
    redis.call('EXPIRE', group.index, known_ttl)
    redis.call('EXPIRE', group.names, known_ttl)
  end
end

-- Read of a profile its version, when it was first seen, and what it says of what a reader's events are about
-- under whichever name: event by event, the item's id before its other names. Nil where they are about nothing.
local function read_profile(profile, reader)
  local first, last = bounds(reader)
  local fields = nil
  for event = first, last, OF_EVENT do
    if not is_known[event] and ARGV[event + ROLE] ~= 'exposure' then
      if fields then fields[#fields + 1] = ARGV[event + ITEM]
      else fields = {VERSION, FIRST_SEEN, ARGV[event + ITEM]} end
      if ARGV[event + ALIASES] ~= '' then
        for _, alias in ipairs(cmsgpack.unpack(ARGV[event + ALIASES])) do fields[#fields + 1] = alias end
      end
    end
  end
  if not fields then return nil end
  if #fields <= MOST_WORDS then return redis.call('HMGET', profile, unpack(fields)) end
  local values = {}
  for from = 1, #fields, MOST_WORDS do
    local some = redis.call('HMGET', profile, unpack(fields, from, math.min(from + MOST_WORDS - 1, #fields)))
    for i = 1, #some do values[from + i - 1] = some[i] end
  end
  return values
end

-- Returns what is known of an event's item under whichever of its names, of which values were read from `at`
-- on; other names that hold something go into `gone`.
local function take(values, at, names, gone)
  local known = values[at] and cmsgpack.unpack(values[at]) or {}
  for i, alias in ipairs(names) do
    if values[at + i] then
      add(known, cmsgpack.unpack(values[at + i]))
      gone[#gone + 1] = alias
    end
  end
  return known
end

-- Append an entry to the log, with the trace that it is part of; returns its id.
local function append(group, event, fields)
  local trace = ARGV[event + TRACE]
  if trace ~= '' then fields[#fields + 1], fields[#fields + 2] = 't', trace end
  return redis.call('XADD', group.events, '*', unpack(fields))
end

-- When a vote will count; nil for at once.
local function counts_from(first_seen, received)
  if hold == 0 then return nil end
  local due = first_seen and tonumber(first_seen) + hold or 0
  return due > tonumber(received) and string.format('%.0f', due) or nil
end

-- Log a signal and add it to what is known; returns the entry's id.
local function signal(group, event, known)
  local name, fields = ARGV[event + NAME], {'e', ARGV[event + ENTRY]}
  local s = known[name]
  if not s and not known[ACTED_ON] then fields[3], fields[4] = 'f', '1' end
  if not s then
    s = {0, 0, 0}
    known[name] = s
  end
  s[1], s[2], s[3] = s[1] + 1, s[2] + ARGV[event + VALUE], math.max(s[3], tonumber(ARGV[event + AT]))
  return append(group, event, fields)
end

-- Log a change of state, and what it switches; returns the entry's id and whether it switched anything.
local function switch(group, event, known, first_seen)
  local name, is_on, at = ARGV[event + NAME], ARGV[event + ROLE] == 'state', tonumber(ARGV[event + AT])
  local old, fields = known[name] or 0, {'e', ARGV[event + ENTRY]}
  local newer = at > math.abs(old) or (at == math.abs(old) and not is_on)
  local was, now = old > 0 and string.format('%.0f', old) or '', is_on and ARGV[event + AT] or ''
  if newer then known[name] = is_on and at or -at end
  if not newer or was == now then return append(group, event, fields), false end
  fields[3], fields[4], fields[5], fields[6], fields[7], fields[8] = 's', name, 'w', was, 'n', now
  local due = is_on and name == 'upvote' and counts_from(first_seen, ARGV[event + RECEIVED])
  if due then fields[9], fields[10] = 'd', due end
  return append(group, event, fields), true
end

-- Whether the end of a profile of this version is to be put off: not with each event, but with the first of
-- every stretch of 65 seconds, with which versions begin. Where that is much of its time, always.
local function is_to_live_on(former, version, ttl)
  return not former or tonumber(ttl) < LAZY_TTL or string.sub(former, 1, 10) ~= string.sub(version, 1, 10)
end

-- Write what was changed of a profile.
--
-- changed: fields and values, the version first; former: the version before; gone: fields that go
local function write_profile(group, profile, changed, former, gone)
  local is_larger = redis.call('HSET', profile, unpack(changed)) > 0
  if #gone > 0 then redis.call('HDEL', profile, unpack(gone)) end
  local ttl = group.is_stranger and anonymous_ttl or known_ttl
  if is_to_live_on(former, changed[2], ttl) then redis.call('EXPIRE', profile, ttl) end
  local cap = group.is_stranger and math.min(strangers_items, profile_cap) or profile_cap
  if is_larger and is_due(profile, size_of(profile), cap) then prune(profile, cap, group.is_stranger) end
end

-- Write what a reader was shown, [instant, item, ...].
local function write_shown(group, shown, seen)
  redis.call('ZADD', shown, 'GT', unpack(seen))
  local most = group.is_stranger and math.min(strangers_items, shown_cap) or shown_cap
  redis.call('ZREMRANGEBYRANK', shown, 0, -most - 1)
  redis.call('EXPIRE', shown, group.is_stranger and anonymous_ttl or known_ttl)
end

local NOTHING = {}

-- Log a reader's events and fold them into the profile.
--
-- values: what was read of it; keys: it, and what was shown
local function record(group, reader, values, profile, shown)
  local first, last = bounds(reader)
  local former, first_seen, at = values and values[1], values and values[2], 3
  local is_new = values and not former and redis.call('EXISTS', profile) == 0
  local known, gone, seen, entry_id, vote = {}, {}, nil, nil, nil
  for event = first, last, OF_EVENT do
    local answer, role = 1, ARGV[event + ROLE]
    if is_known[event] then answer = 0
    elseif role == 'exposure' then
      append(group, event, {'e', ARGV[event + ENTRY]})
      seen = seen or {}
      seen[#seen + 1], seen[#seen + 2] = ARGV[event + AT], ARGV[event + ITEM]
    else
      local item, aliases, is_switched = ARGV[event + ITEM], ARGV[event + ALIASES], false
      local names = aliases == '' and NOTHING or cmsgpack.unpack(aliases)
      if is_new and not first_seen then first_seen = ARGV[event + RECEIVED] end
      if not known[item] then known[item] = take(values, at, names, gone) end
      at = at + 1 + #names
      if role == 'signal' then entry_id = signal(group, event, known[item])
      else
        entry_id, is_switched = switch(group, event, known[item], first_seen)
        if is_switched then vote = entry_id else answer = 2 end
      end
    end
    answers[#answers + 1] = answer
  end
  if seen then write_shown(group, shown, seen) end
  if not entry_id then return end
  local changed = {VERSION, version_of(entry_id)}
  for item, what in pairs(known) do changed[#changed + 1], changed[#changed + 2] = item, cmsgpack.pack(what) end
  if vote then changed[#changed + 1], changed[#changed + 2] = '', vote end
  if is_new then changed[#changed + 1], changed[#changed + 2] = FIRST_SEEN, first_seen end
  write_profile(group, profile, changed, former, gone)
end

local key, word = 1, 11

-- Returns the next group that was sent.
local function next_group()
  local group = {
    ids = KEYS[key], ids_before = KEYS[key + 1], events = KEYS[key + 2], index = KEYS[key + 3],
    names = KEYS[key + 4], forgotten = KEYS[key + 5], keys = key + 6,
    is_stranger = ARGV[word + 1] == '1', readers = {},
  }
  local n_readers = tonumber(ARGV[word])
  key, word = key + 6 + 2 * n_readers, word + 2
  for r = 1, n_readers do
    group.readers[r] = word
    word = word + OF_READER + OF_EVENT * ARGV[word + N_EVENTS]
  end
  return group
end

-- Returns the keys of a group's reader: profile, and what was shown.
local function keys_of(group, r) return KEYS[group.keys + 2 * r - 2], KEYS[group.keys + 2 * r - 1] end

-- All that is asked of readers is read before anything is written.
local function record_readers(group)
  local fresh, values = find_known(group), {}
  for r, reader in ipairs(group.readers) do
    values[r] = read_profile((keys_of(group, r)), reader) or false
  end
  remember(group, fresh)
  note_readers(group)
  for r, reader in ipairs(group.readers) do record(group, reader, values[r], keys_of(group, r)) end
end

-- Of strangers each is noted first, which may forget another, who then begins anew.
local function record_strangers(group)
  remember(group, find_known(group))
  for r, reader in ipairs(group.readers) do
    local at, profile, shown = heard_at(reader), keys_of(group, r)
    if at then note_stranger(group.index, ARGV[reader + USER], at, strangers_cap, strangers_ttl) end
    record(group, reader, read_profile(profile, reader), profile, shown)
  end
end

while key <= #KEYS do
  local group = next_group()
  find_erased(group)
  if group.is_stranger then record_strangers(group) else record_readers(group) end
end
return answers
