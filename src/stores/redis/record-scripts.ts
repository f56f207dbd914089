import { RETENTION_MS } from '../store';
import { FIELDS } from './fields';
import { script } from './script';

// All are about one record, KEYS[1]. Marks are published before anything is written: without the right to publish nothing is changed.

const END = `
local function endOf()
  local times = redis.call('HMGET', KEYS[1], 'expiresAt', 'revokedAt')
  return math.min(tonumber(times[1]) or math.huge, tonumber(times[2]) or math.huge)
end
-- Redis keeps a key to the end of the millisecond that it is told.
local function keepForRetention()
  local ends = endOf()
  if ends == math.huge then redis.call('PERSIST', KEYS[1])
  else redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', ends + ${RETENTION_MS - 1})) end
end
`;

/** ARGV: fields. 1 where there was no record. */
export const INSERT = script(`${END}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
keepForRetention()
return 1`);

/** ARGV: channel, mark, changed fields. The values of all fields, or nothing where no record is live. */
export const UPDATE = script(`${END}
if redis.call('HGET', KEYS[1], 'revokedAt') ~= 'null' then return false end
redis.call('PUBLISH', ARGV[1], ARGV[2])
if ARGV[3] then redis.call('HSET', KEYS[1], unpack(ARGV, 3)) end
local values = redis.call('HMGET', KEYS[1], '${FIELDS.join("', '")}')
keepForRetention()
return values`);

/** ARGV: channel, mark, time. 1 if it ends then. */
export const END_AT = script(`${END}
if redis.call('HGET', KEYS[1], 'revokedAt') ~= 'null' or endOf() < tonumber(ARGV[3]) then return 0 end
redis.call('PUBLISH', ARGV[1], ARGV[2])
redis.call('HSET', KEYS[1], 'expiresAt', ARGV[3])
keepForRetention()
return 1`);

/** ARGV: channel, mark, time, fields that must be so. 1 for the one call that revokes it. */
export const REVOKE = script(`${END}
if redis.call('HGET', KEYS[1], 'revokedAt') ~= 'null' then return 0 end
for at = 4, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[at]) ~= ARGV[at + 1] then return 0 end
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
redis.call('HSET', KEYS[1], 'revokedAt', ARGV[3])
keepForRetention()
return 1`);

/** ARGV: count, time. A record that is gone stays so. */
export const ADD_USE = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('HINCRBY', KEYS[1], 'useCount', ARGV[1])
if (tonumber(redis.call('HGET', KEYS[1], 'lastUsedAt')) or -math.huge) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'lastUsedAt', ARGV[2])
end`);

/** ARGV: kind, time. 1 if it is of that kind and ended before that time, and so is dropped. */
export const PRUNE = script(`${END}
if redis.call('HGET', KEYS[1], 'kind') ~= ARGV[1] or endOf() >= tonumber(ARGV[2]) then return 0 end
return redis.call('DEL', KEYS[1])`);
