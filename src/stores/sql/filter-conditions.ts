import { sql, type SqlBool } from 'kysely';

import { formsOf } from '../fold-case';
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
 * Has a name that contains a text, without regard to case. `lower()` knows ASCII only in SQLite and
 * some locales of PostgreSQL, and depends on the version in MySQL. So each letter becomes a class
 * of all its forms.
 */
function nameContains(text: string, dialect: SqlDialect): Condition {
  if (!isStorable(text)) {
    return (eb) => eb.lit(false);
  }
  switch (dialect) {
    case 'postgres':
      return () => sql<SqlBool>`name ~ ${toPattern(text, escapeRegExp)}`;
    case 'sqlite':
      return () => sql<SqlBool>`name glob ${`*${toPattern(text, escapeGlob)}*`}`;
    case 'mysql':
      return () => sql<SqlBool>`name regexp ${toPattern(text, escapeRegExp)}`;
  }
}

const escapeGlob = (char: string): string => ('*?['.includes(char) ? `[${char}]` : char);
/** Every ASCII character but letters and digits, also space: MariaDB may be set to ignore it. */
const ESCAPED = /[\0-/:-@[-`{-\x7f]/;
const escapeRegExp = (char: string): string => (ESCAPED.test(char) ? `\\${char}` : char);

/** A pattern that matches a text in any case. */
const toPattern = (text: string, escape: (char: string) => string): string =>
  Array.from(text, (char) => {
    const forms = formsOf(char);
    return forms.length > 1 ? `[${forms.join('')}]` : escape(char);
  }).join('');
