-- Tell what rests, and hear what rests anywhere. KEYS: the one sorted set, by the end of the rest.
-- ARGV: member and seconds of each. Returns member and seconds, one after the other.
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
for i = 1, #ARGV, 2 do
    redis.call('ZADD', KEYS[1], 'GT', string.format('%.3f', now + ARGV[i + 1]), ARGV[i])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('EXPIRE', KEYS[1], 600)
local resting = redis.call('ZRANGE', KEYS[1], 0, 999, 'WITHSCORES')
for i = 2, #resting, 2 do
    resting[i] = string.format('%.3f', resting[i] - now)
end
return resting
