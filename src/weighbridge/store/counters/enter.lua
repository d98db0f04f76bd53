-- Past all limits or none. KEYS: one a draw. ARGV: member, lease in seconds, then kind, most and weight of each draw.
-- Returns {0, seconds until each bucket is full again} or {number of the draw without room, so many run or seconds to wait}.
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local full = {}

for i, key in ipairs(KEYS) do
    local kind, most, weight = ARGV[3 * i], tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2])
    if kind == 'running' then
        redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
        local running = redis.call('ZCARD', key)
        if running >= most then return {i, tostring(running)} end
    else
        full[i] = math.max(tonumber(redis.call('GET', key) or '0'), now)
        local wait = full[i] + math.min(weight, most) * 60 / most - now - 60
        if wait > 0.000001 then return {i, string.format('%.6f', wait)} end
    end
end

local answer = {0}
for i, key in ipairs(KEYS) do
    local kind, most, weight = ARGV[3 * i], tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2])
    if kind == 'running' then
        redis.call('ZADD', key, now + ARGV[2], ARGV[1])
        local longest = math.max(redis.call('TTL', key), math.ceil(ARGV[2]))
        redis.call('EXPIRE', key, longest)
    else
        local again = full[i] + weight * 60 / most
        redis.call('SET', key, string.format('%.6f', again), 'EX', math.ceil(again - now) + 1)
        answer[#answer + 1] = string.format('%.6f', again - now)
    end
end
return answer
