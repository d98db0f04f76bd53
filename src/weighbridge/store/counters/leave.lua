-- The end of a request. KEYS: its places and token buckets. ARGV: member, then kind and seconds to move of each.
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000

for i, key in ipairs(KEYS) do
    if ARGV[2 * i] == 'running' then
        redis.call('ZREM', key, ARGV[1])
    else
        local moved = (redis.call('GET', key) or now) + ARGV[2 * i + 1]
        if moved > now then
            redis.call('SET', key, string.format('%.6f', moved), 'EX', math.ceil(moved - now) + 1)
        else
            redis.call('DEL', key)
        end
    end
end
