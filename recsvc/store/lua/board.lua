-- What scripts that change boards share; `scripts.source` puts it before them.
--
-- A row of the board: {counts = {counter: n}, scores = one per window, votes = n, last = instant}.
--
-- A votes hash holds all votes, as `instant` or `instant:counts from`. Those of the item's owners and
-- those that are still held do not count; the recount key remembers when the next of them will.

local LN2 = math.log(2)

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
  local value = string.format('%.0f', since)
  if from > 0 then value = value .. ':' .. string.format('%.0f', from) end
  redis.call('HSET', votes, user, value)
end

-- log2 of the decayed sum, from the votes alone: sorted, so that their order of arrival is forgotten.
local function log_score(instants, half_life, epoch)
  local newest = (instants[#instants] - epoch) / half_life
  local sum = 0
  for i = 1, #instants do
    sum = sum + 2 ^ ((instants[i] - epoch) / half_life - newest)
  end
  return newest + math.log(sum) / LN2
end

-- Returns the instants of the votes that count, and when the next of the others will.
local function counted(item, votes, owners_key, now)
  local owners = redis.call('HGET', owners_key, item)
  local is_owner = {}
  for _, owner in ipairs(owners and cmsgpack.unpack(owners) or {}) do is_owner[owner] = true end
  -- Few items have owners; the others need not know who voted.
  local found = redis.call(owners and 'HGETALL' or 'HVALS', votes)
  local instants, due = {}, nil
  for i = 1, #found, owners and 2 or 1 do
    local since, from = parse_vote(found[owners and i + 1 or i])
    if not owners or not is_owner[found[i]] then
      if from <= now then instants[#instants + 1] = since
      else due = math.min(due or from, from) end
    end
  end
  table.sort(instants)
  return instants, due
end

-- Compute what a row says of votes.
--
-- to: {half_lives = one per window in µs (0 never fades), epoch = µs, now = µs, owners = key,
--      recount = key}
local function rescore(to, item, row, votes)
  local instants, due = counted(item, votes, to.owners, to.now)
  if due then redis.call('ZADD', to.recount, string.format('%.0f', due), item)
  else redis.call('ZREM', to.recount, item) end
  row.votes, row.last, row.scores = #instants, instants[#instants] or 0, {}
  if #instants == 0 then return end
  for w, half_life in ipairs(to.half_lives) do
    row.scores[w] = log_score(instants, half_life == 0 and math.huge or half_life, to.epoch)
  end
end

-- News for the processes that serve: rows as fields of their own, since a list of them would not be
-- text.
local function announce(pulse, fields)
  redis.call('XADD', pulse, 'MAXLEN', '~', '10000', '*', unpack(fields))
end
