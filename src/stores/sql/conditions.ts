import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';

import { isStorable, type Owner, RETENTION_MS } from '../store';
import type { Tables } from './tables';

type Builder = ExpressionBuilder<Tables, 'latchkey_credentials'>;

/** A condition on a row of `latchkey_credentials`. */
export type Condition = (eb: Builder) => Expression<SqlBool>;

export const all =
  (...conditions: readonly Condition[]): Condition =>
  (eb) =>
    eb.and(conditions.map((condition) => condition(eb)));

export const not =
  (condition: Condition): Condition =>
  (eb) =>
    eb.not(condition(eb));

const is =
  (column: 'id' | 'kind' | 'subject' | 'client_id' | 'grant_id', text: string): Condition =>
  (eb) =>
    isStorable(text) ? eb(column, '=', text) : eb.lit(false);

export const hasId = (id: string): Condition => is('id', id);
export const isOfKind = (kind: string): Condition => is('kind', kind);

const OWNER_COLUMN = { subject: 'subject', client: 'client_id', grant: 'grant_id' } as const;

export const isOwnedBy = ({ kind, by, id }: Owner): Condition =>
  all(isOfKind(kind), is(OWNER_COLUMN[by], id));

const isUnset =
  (column: 'expires_at' | 'revoked_at'): Condition =>
  (eb) =>
    eb(column, 'is', null);

export const isDisabled: Condition = (eb) => eb('disabled_at', 'is not', null);

/** Expired or revoked before a time. */
export const endedBefore =
  (time: number): Condition =>
  (eb) =>
    eb.or([eb('expires_at', '<', time), eb('revoked_at', '<', time)]);

/** Within its retention: without an end, or with one that is recent enough. */
export const isKnown: Condition = (eb) => {
  const forgotten = Date.now() - RETENTION_MS;
  const younger = (column: 'expires_at' | 'revoked_at') =>
    eb.or([isUnset(column)(eb), eb(column, '>', forgotten)]);
  return eb.and([younger('expires_at'), younger('revoked_at')]);
};

export const isLive: Condition = all(isKnown, isUnset('revoked_at'));

/** Expires at a time or later, or never. */
export const endsFrom =
  (time: number): Condition =>
  (eb) =>
    eb.or([isUnset('expires_at')(eb), eb('expires_at', '>=', time)]);

/** Comes after a row in the order of `issued_at`, then `id`. */
export const isAfter =
  ({ issuedAt, id }: { readonly issuedAt: number; readonly id: string }): Condition =>
  (eb) =>
    eb.and([
      eb('issued_at', '>=', issuedAt),
      eb.or([eb('issued_at', '>', issuedAt), eb('id', '>', id)]),
    ]);
