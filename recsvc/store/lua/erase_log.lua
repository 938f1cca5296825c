-- Write a stream anew without the entries of some readers, each up to a cut.
--
-- Deleting entries is not enough: a stream keeps them, marked as deleted, in the block they share with
-- others, and its dump on disk keeps the block as it is.
--
-- KEYS: stream   ARGV, two per reader: user, id of the last entry to go ('' for all)
-- Returns one integer per reader: entries that went; or nothing at all while entries are being
-- delivered, since a group that is made anew would not know to whom.

local stream = KEYS[1]
local answers, place, cut = {}, {}, {}
for i = 1, #ARGV, 2 do
  answers[#answers + 1] = 0
  place[ARGV[i]], cut[ARGV[i]] = #answers, ARGV[i + 1]
end
if redis.call('EXISTS', stream) == 0 then return answers end

local function map(flat)
  local found = {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i + 1] end
  return found
end

local function is_after(a, b)
  local a_ms, a_seq = string.match(a, '(%d+)-(%d+)')
  local b_ms, b_seq = string.match(b, '(%d+)-(%d+)')
  a_ms, b_ms = tonumber(a_ms), tonumber(b_ms)
  return a_ms > b_ms or (a_ms == b_ms and tonumber(a_seq) > tonumber(b_seq))
end

-- Whose an entry is. One that cannot be decoded is that of whoever it mentions.
local function owner_of(fields)
  local ok, event = pcall(cmsgpack.unpack, map(fields)['e'] or '')
  if ok and type(event) == 'table' and event.user then return event.user end
  for user in pairs(place) do
    for _, text in ipairs(fields) do
      if string.find(text, user, 1, true) then return user end
    end
  end
end

local groups = {}
for i, flat in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  groups[i] = map(flat)
  if groups[i]['pending'] > 0 then return {} end
end
local info = map(redis.call('XINFO', 'STREAM', stream))
local entries = redis.call('XRANGE', stream, '-', '+')

redis.call('DEL', stream)
for _, entry in ipairs(entries) do
  local id, fields = entry[1], entry[2]
  local user = owner_of(fields)
  local n = user and place[user]
  if n and (cut[user] == '' or not is_after(id, cut[user])) then answers[n] = answers[n] + 1
  else redis.call('XADD', stream, id, unpack(fields)) end
end
for _, group in ipairs(groups) do
  local read = {}
  if group['entries-read'] then read = {'ENTRIESREAD', group['entries-read']} end
  redis.call('XGROUP', 'CREATE', stream, group['name'], group['last-delivered-id'], 'MKSTREAM', unpack(read))
end
if redis.call('EXISTS', stream) == 1 then
  redis.call('XSETID', stream, info['last-generated-id'],
    'ENTRIESADDED', info['entries-added'], 'MAXDELETEDID', info['max-deleted-entry-id'])
end
return answers
