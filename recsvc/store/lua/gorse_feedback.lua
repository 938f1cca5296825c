-- Write one reader's rows of feedback as Gorse keeps it: one per type and item.
--
-- KEYS: the reader's rows
-- ARGV[1] seconds that untouched rows live
-- ARGV[2] rows kept; the oldest go first
-- ARGV[3] '1' overwrites a row, '0' adds to its value and leaves the rest
-- ARGV[4] now (µs)
-- ARGV[5..] five per row: field, value, instant (µs), labels (JSON), comment

local rows, ttl, cap, overwrites, now = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1', tonumber(ARGV[4])

for i = 5, #ARGV, 5 do
  local field, value = ARGV[i], tonumber(ARGV[i + 1])
  local old = redis.call('HGET', rows, field)
  local row = {value, tonumber(ARGV[i + 2]), now, ARGV[i + 3], ARGV[i + 4]}
  if old and not overwrites then
    row = cmsgpack.unpack(old)
    row[1], row[3] = row[1] + value, now
  end
  redis.call('HSET', rows, field, cmsgpack.pack(row))
end

if redis.call('HLEN', rows) > cap * 1.1 then
  local all, ages = redis.call('HGETALL', rows), {}
  for i = 1, #all, 2 do ages[#ages + 1] = {cmsgpack.unpack(all[i + 1])[2], all[i]} end
  table.sort(ages, function(a, b)
    if a[1] ~= b[1] then return a[1] > b[1] end
    return a[2] < b[2]
  end)
  for i = cap + 1, #ages do redis.call('HDEL', rows, ages[i][2]) end
end
redis.call('EXPIRE', rows, ttl)
return 1
