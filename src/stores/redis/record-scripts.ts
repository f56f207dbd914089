import { RETENTION_MS } from '../store';
import { FIELDS, toDayField } from './fields';
import { script } from './script';

// Each script is about one record, KEYS[1]. It publishes before it writes: without the right to
// publish, nothing changes.

const EXPIRY = `
local function endTime()
  local times = redis.call('HMGET', KEYS[1], 'expiresAt', 'revokedAt')
  return math.min(tonumber(times[1]) or math.huge, tonumber(times[2]) or math.huge)
end
-- Redis keeps a key until the end of the millisecond that it is given.
local function keepForRetention()
  local ends = endTime()
  if ends == math.huge then redis.call('PERSIST', KEYS[1])
  else redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', ends + ${RETENTION_MS - 1})) end
end
`;

/** What the lists of a kind and the events need to know of a changed record. */
export const SUMMARY_FIELDS = ['subject', 'kind', 'issuedAt', 'expiresAt'] as const;
const SUMMARY = `redis.call('HMGET', KEYS[1], '${SUMMARY_FIELDS.join("', '")}')`;

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

/** ARGV: channel, event, time. Returns a summary if the record expires at that time. */
export const EXPIRE_AT = script(`${EXPIRY}
if redis.call('HGET', KEYS[1], 'revokedAt') ~= 'null' or endTime() < tonumber(ARGV[3]) then
  return false
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
${ALLOW_WHEN_FULL}
redis.call('HSET', KEYS[1], 'expiresAt', ARGV[3])
keepForRetention()
return ${SUMMARY}`);

/**
 * ARGV: channel, event, time, fields that must have these values. Returns a summary to the one call
 * that revokes the record.
 */
export const REVOKE = script(`${EXPIRY}
if redis.call('HGET', KEYS[1], 'revokedAt') ~= 'null' then return false end
for at = 4, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[at]) ~= ARGV[at + 1] then return false end
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
${ALLOW_WHEN_FULL}
redis.call('HSET', KEYS[1], 'revokedAt', ARGV[3])
keepForRetention()
return ${SUMMARY}`);

/**
 * ARGV: channel, event, time, or `null` to enable the record. Returns a summary to the one call
 * that disables or enables it.
 */
export const SET_DISABLED = script(`
if redis.call('HGET', KEYS[1], 'revokedAt') ~= 'null' then return false end
local isEnabled = (redis.call('HGET', KEYS[1], 'disabledAt') or 'null') == 'null'
if isEnabled == (ARGV[3] == 'null') then return false end
redis.call('PUBLISH', ARGV[1], ARGV[2])
${ALLOW_WHEN_FULL}
redis.call('HSET', KEYS[1], 'disabledAt', ARGV[3])
return ${SUMMARY}`);

const DAY_FIELD = toDayField('');

/**
 * ARGV: count, time, UTC day or '', first day that is kept. Does nothing if there is no record. The
 * first use of a day deletes the days that are not kept any more.
 */
export const ADD_USAGE = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('HINCRBY', KEYS[1], 'useCount', ARGV[1])
if (tonumber(redis.call('HGET', KEYS[1], 'lastUsedAt')) or -math.huge) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'lastUsedAt', ARGV[2])
end
if ARGV[3] == '' then return end
local field = '${DAY_FIELD}' .. ARGV[3]
if redis.call('HINCRBY', KEYS[1], field, ARGV[1]) ~= tonumber(ARGV[1]) then return end
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  local isDay = string.sub(name, 1, ${DAY_FIELD.length}) == '${DAY_FIELD}'
  if isDay and string.sub(name, ${DAY_FIELD.length + 1}) < ARGV[4] then
    redis.call('HDEL', KEYS[1], name)
  end
end`);

/**
 * ARGV: kind, time. Deletes the record and returns its subject if it is of that kind and ended
 * before that time.
 */
export const PRUNE = script(`${EXPIRY}
if redis.call('HGET', KEYS[1], 'kind') ~= ARGV[1] or endTime() >= tonumber(ARGV[2]) then
  return false
end
local subject = redis.call('HGET', KEYS[1], 'subject')
redis.call('DEL', KEYS[1])
return subject`);
