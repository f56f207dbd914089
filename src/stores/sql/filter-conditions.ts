import { sql, type SqlBool } from 'kysely';

import type { CredentialFilter, CredentialStatus } from '../store';
import { isStorable } from '../store';
import { all, type Condition, isOfKind, isOwnedBy } from './conditions';
import type { SqlDialect } from './sql-dialect';
import { toInteger } from './values';

/** Is of the kind and the owner of a filter. */
export const isInScope = ({ kind, owner }: CredentialFilter): Condition =>
  owner ? isOwnedBy(owner) : isOfKind(kind);

/** Meets a filter. */
export function meets(filter: CredentialFilter, dialect: SqlDialect): Condition {
  const { status, expiresBefore, name } = filter;
  const conditions = [isInScope(filter)];
  if (status !== undefined) {
    conditions.push(STATUS_CONDITIONS[status](Date.now()));
  }
  if (expiresBefore !== undefined) {
    const time = toInteger(expiresBefore);
    conditions.push((eb) => eb('expires_at', '<', time));
  }
  if (name !== undefined) {
    conditions.push(nameContains(name, dialect));
  }
  return all(...conditions);
}

/** The same as `toStatus()`. Each condition is in a form that an index supports. */
const STATUS_CONDITIONS: Readonly<Record<CredentialStatus, (now: number) => Condition>> = {
  revoked: () => (eb) => eb('revoked_at', 'is not', null),
  expired: (now) => (eb) => eb.and([eb('revoked_at', 'is', null), eb('expires_at', '<=', now)]),
  disabled: (now) => (eb) =>
    eb.and([
      eb('revoked_at', 'is', null),
      eb('disabled_at', 'is not', null),
      eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]),
    ]),
  active: (now) => (eb) =>
    eb.and([
      eb('revoked_at', 'is', null),
      eb('disabled_at', 'is', null),
      eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]),
    ]),
};

/**
 * Has a name that contains a text, without regard to case. `lower()` of SQLite and of some locales
 * of PostgreSQL knows ASCII only, so there each letter becomes a class of both its cases.
 */
function nameContains(text: string, dialect: SqlDialect): Condition {
  if (!isStorable(text)) {
    return (eb) => eb.lit(false);
  }
  switch (dialect) {
    case 'postgres':
      return () => sql<SqlBool>`name ~ ${toPattern(text, (char) => `\\${char}`)}`;
    case 'sqlite':
      return () => sql<SqlBool>`name glob ${`*${toPattern(text, escapeGlob)}*`}`;
    case 'mysql': {
      const part = text.replaceAll(/[|%_]/g, '|$&');
      return () => sql<SqlBool>`lower(name) like lower(${`%${part}%`}) escape '|'`;
    }
  }
}

const escapeGlob = (char: string): string => ('*?['.includes(char) ? `[${char}]` : char);

const SPECIAL = /[!-/:-@[-`{-~]/;

/** A pattern that matches a text in any case. `escape` is for ASCII punctuation. */
function toPattern(text: string, escape: (char: string) => string): string {
  return [...text]
    .map((char) => {
      const cases = new Set([char, char.toLowerCase(), char.toUpperCase()]);
      const single = [...cases].filter((variant) => [...variant].length === 1);
      if (single.length > 1) {
        return `[${single.join('')}]`;
      }
      return SPECIAL.test(char) ? escape(char) : char;
    })
    .join('');
}
