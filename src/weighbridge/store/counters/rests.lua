-- Tell what rests or is well again, and hear what rests anywhere. KEYS: the one sorted set, by the end of the rest.
-- ARGV: member and seconds of each, 0 to take it out. Returns member and seconds, one after the other.
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
for i = 1, #ARGV, 2 do
    local wait = tonumber(ARGV[i + 1])
    if wait > 0 then
        redis.call('ZADD', KEYS[1], 'GT', string.format('%.3f', now + wait), ARGV[i])
    else
        redis.call('ZREM', KEYS[1], ARGV[i])
    end
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('EXPIRE', KEYS[1], 600)
local resting = redis.call('ZRANGE', KEYS[1], 0, 999, 'WITHSCORES')
for i = 2, #resting, 2 do
    resting[i] = string.format('%.3f', resting[i] - now)
end
return resting
