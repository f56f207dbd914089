import type { Owner } from '../store';

/**
 * The names of keys, each in one slot of a cluster. The two keys of an owner share a slot, by the
 * part between braces, so that both can be changed in one step.
 */
export interface Keys {
  record(id: string): string;
  owner(owner: Owner): OwnerKeys;
  kind(kind: string): KindKeys;
  /** When the records were last indexed by kind, in milliseconds since the epoch. */
  readonly indexedAt: string;
  state(group: string, key: string): string;
  /** The channel on which revocations are published. */
  readonly channel: string;
  /** `read` returns the record's ID. */
  readonly allRecords: ScannedKeys<string>;
  readonly allOwners: (kind: string) => ScannedKeys<OwnerKeys>;
}

/**
 * The keys of two collections of an owner: the IDs of its records in order, and the IDs whose
 * record was missing, with the time at which that was found.
 */
export type OwnerKeys = readonly [ids: string, missing: string];

/** The IDs of a kind's records. All keys share a slot. */
export interface KindKeys {
  /** All of them, by `issuedAt`. */
  readonly issued: OwnerKeys;
  /** Those that may be revoked, by `issuedAt`. */
  readonly revoked: OwnerKeys;
  /** Those that may be disabled, by `issuedAt`. */
  readonly disabled: OwnerKeys;
  /** Those that have an expiry, by the earliest that they ever had. */
  readonly expiring: string;
  /** Those whose expiry was deferred or brought forward, by the latest that they ever had. */
  readonly deferred: string;
}

interface ScannedKeys<T> {
  readonly pattern: string;
  /** Reads a key that a scan returned. The client may have put a prefix before it. */
  read(key: string): T;
}

export function createKeys(prefix: string): Keys {
  const records = `${prefix}record:`;
  const owners = `${prefix}owner:{`;
  const ownerKeys = (name: string): OwnerKeys => [`${owners}${name}}`, `${prefix}missed:{${name}}`];
  /** A client's own prefix applies to the keys of commands, but not to patterns. */
  const after = (start: string, key: string) => key.slice(key.indexOf(start) + start.length);

  return {
    record: (id) => records + id,
    owner: ({ kind, by, id }) => ownerKeys(`${escapePart(kind)}:${by}:${id}`),
    kind(kind) {
      const start = `${prefix}kind:{${escapePart(kind)}}:`;
      return {
        issued: [`${start}issued`, `${start}missed:issued`],
        revoked: [`${start}revoked`, `${start}missed:revoked`],
        disabled: [`${start}disabled`, `${start}missed:disabled`],
        expiring: `${start}expiring`,
        deferred: `${start}deferred`,
      };
    },
    indexedAt: `${prefix}indexed-at`,
    state: (group, key) => `${prefix}state:${escapePart(group)}:${key}`,
    channel: `${prefix}marks`,
    allRecords: { pattern: `*${escapePattern(records)}*`, read: (key) => after(records, key) },
    allOwners: (kind) => ({
      pattern: `*${escapePattern(`${owners}${escapePart(kind)}:`)}*`,
      read: (key) => ownerKeys(after(owners, key).slice(0, -1)),
    }),
  };
}

/** Escapes the colon, which separates the parts of a key. */
const escapePart = (text: string): string => text.replaceAll(/[%:]/g, encodeURIComponent);

const escapePattern = (text: string): string => text.replaceAll(/[\\*?[\]^-]/g, '\\$&');
