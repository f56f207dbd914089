import type { Owner } from '../store';

/**
 * The names of what is kept, each the key of one slot of a cluster. The two keys of an owner share theirs by the part between
 * braces: what is changed in both is changed at once.
 */
export interface Keys {
  record(id: string): string;
  owner(owner: Owner): OwnerKeys;
  state(group: string, key: string): string;
  /** The channel of revocation marks. */
  readonly marks: string;
  /** The record's id, of the key that a scan gave; the client may have put something before it. */
  readonly allRecords: Scanned<string>;
  readonly allOwners: (kind: string) => Scanned<OwnerKeys>;
}

/** An owner's ids in order, and those of them whose record was missed, with the time of that. */
export type OwnerKeys = readonly [ids: string, missed: string];

interface Scanned<T> {
  readonly pattern: string;
  read(key: string): T;
}

export function keysOf(prefix: string): Keys {
  const records = `${prefix}record:`;
  const owners = `${prefix}owner:{`;
  const ownerKeys = (name: string): OwnerKeys => [`${owners}${name}}`, `${prefix}missed:{${name}}`];
  /** With what else the client puts before the keys of its commands, but not before patterns. */
  const after = (start: string, key: string) => key.slice(key.indexOf(start) + start.length);

  return {
    record: (id) => records + id,
    owner: ({ kind, by, id }) => ownerKeys(`${part(kind)}:${by}:${id}`),
    state: (group, key) => `${prefix}state:${part(group)}:${key}`,
    marks: `${prefix}marks`,
    allRecords: { pattern: `*${escaped(records)}*`, read: (key) => after(records, key) },
    allOwners: (kind) => ({
      pattern: `*${escaped(`${owners}${part(kind)}:`)}*`,
      read: (key) => ownerKeys(after(owners, key).slice(0, -1)),
    }),
  };
}

/** A part of a key that ends where it ends: with none of the colons that stand between parts. */
const part = (text: string): string => text.replaceAll(/[%:]/g, encodeURIComponent);

const escaped = (text: string): string => text.replaceAll(/[\\*?[\]^-]/g, '\\$&');
