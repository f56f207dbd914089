import { RETENTION_MS } from '../store';
import { FIELDS } from './fields';
import { script } from './script';

// Each script is about one record, KEYS[1]. It publishes before it writes: without the right to
// publish, nothing changes.

const EXPIRY = `
local function endOf()
  local times = redis.call('HMGET', KEYS[1], 'expiresAt', 'revokedAt')
  return math.min(tonumber(times[1]) or math.huge, tonumber(times[2]) or math.huge)
end
-- Redis keeps a key until the end of the millisecond that it is given.
local function keepForRetention()
  local ends = endOf()
  if ends == math.huge then redis.call('PERSIST', KEYS[1])
  else redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', ends + ${RETENTION_MS - 1})) end
end
`;

/**
 * A Redis that is full (`noeviction`) refuses commands that need memory, but only as the first
 * write of a script. Deleting a field that no record has needs none, so a key can still be revoked.
 * In Redis 6.2 there is no other way; later ones also know `allow-oom`.
 */
const ALLOW_WHEN_FULL = `redis.call('HDEL', KEYS[1], '')`;

/** ARGV: fields. Returns 1 if there was no record. */
export const INSERT = script(`${EXPIRY}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
keepForRetention()
return 1`);

/**
 * ARGV: channel, event, changed fields. Returns the values of all fields, or nothing if the record
 * is revoked or unknown.
 */
export const UPDATE = script(`${EXPIRY}
if redis.call('HGET', KEYS[1], 'revokedAt') ~= 'null' then return false end
redis.call('PUBLISH', ARGV[1], ARGV[2])
${ALLOW_WHEN_FULL}
if ARGV[3] then redis.call('HSET', KEYS[1], unpack(ARGV, 3)) end
local values = redis.call('HMGET', KEYS[1], '${FIELDS.join("', '")}')
keepForRetention()
return values`);

/** ARGV: channel, event, time. Returns 1 if the record expires at that time. */
export const EXPIRE_AT = script(`${EXPIRY}
if redis.call('HGET', KEYS[1], 'revokedAt') ~= 'null' or endOf() < tonumber(ARGV[3]) then return 0 end
redis.call('PUBLISH', ARGV[1], ARGV[2])
${ALLOW_WHEN_FULL}
redis.call('HSET', KEYS[1], 'expiresAt', ARGV[3])
keepForRetention()
return 1`);

/**
 * ARGV: channel, event, time, fields that must have these values. Returns 1 for the one call that
 * revokes the record.
 */
export const REVOKE = script(`${EXPIRY}
if redis.call('HGET', KEYS[1], 'revokedAt') ~= 'null' then return 0 end
for at = 4, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[at]) ~= ARGV[at + 1] then return 0 end
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
${ALLOW_WHEN_FULL}
redis.call('HSET', KEYS[1], 'revokedAt', ARGV[3])
keepForRetention()
return 1`);

/** ARGV: count, time. Does nothing if there is no record. */
export const ADD_USAGE = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('HINCRBY', KEYS[1], 'useCount', ARGV[1])
if (tonumber(redis.call('HGET', KEYS[1], 'lastUsedAt')) or -math.huge) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'lastUsedAt', ARGV[2])
end`);

/**
 * ARGV: kind, time. Deletes the record and returns 1 if it is of that kind and ended before that
 * time.
 */
export const PRUNE = script(`${EXPIRY}
if redis.call('HGET', KEYS[1], 'kind') ~= ARGV[1] or endOf() >= tonumber(ARGV[2]) then return 0 end
return redis.call('DEL', KEYS[1])`);
