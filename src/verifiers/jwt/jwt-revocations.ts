import { LRUCache } from 'lru-cache';
import * as z from 'zod';

import type { RevocationEvent } from '../../credential/revocation';
import { codedError, typeError } from '../../internal/errors';
import { checkOptions, nonEmptyString } from '../../internal/options';
import type { CredentialStore, StateStore } from '../../stores/store';
import { reject } from '../rejection';
import type { Verification, Verifier } from '../verifier';

/**
 * Where revocations are kept. A store that can publish notifies other instances at once; otherwise
 * they notice within `cache.ttlMs`.
 */
export type RevocationStore = Pick<StateStore, 'get' | 'set'> &
  Partial<Pick<CredentialStore, 'publish' | 'subscribe'>>;

/**
 * What to revoke: one token by its `jti`, all tokens of a grant, or all that a subject or a client
 * was issued until now.
 */
export interface RevokedTokens {
  readonly credentialId?: string;
  readonly subject?: string;
  readonly clientId?: string;
  /**
   * The grant (RFC 6749 §1.3) named by the claim `grant_id`, as `latchkey/authorization-server`
   * writes it.
   */
  readonly grantId?: string;
  /** The issuer of the tokens. May be left out where the verifier has one issuer. */
  readonly issuer?: string;
}

/** A verifier whose tokens can be revoked before they expire. */
export interface RevocableVerifier extends Verifier {
  /**
   * Rejects these tokens on every instance, including those that start later, until the last of
   * them has expired.
   *
   * @throws TypeError (`ERR_LATCHKEY_OPTION`, `ERR_LATCHKEY_ARGUMENT`) unless exactly one of
   * `credentialId`, `subject`, `clientId` and
   * `grantId` is named, of an issuer that the verifier has
   */
  readonly revoke: (tokens: RevokedTokens) => Promise<void>;
}

const GROUP = 'jwt-revocations';
const TYPES = {
  credentialId: 'credential',
  subject: 'subject',
  clientId: 'client',
  grantId: 'grant',
} as const;
type EventType = (typeof TYPES)[keyof typeof TYPES];

const members = {
  credentialId: nonEmptyString.optional(),
  subject: nonEmptyString.optional(),
  clientId: nonEmptyString.optional(),
  grantId: nonEmptyString.optional(),
};
const revokedSchema = z
  .strictObject({ ...members, issuer: nonEmptyString.optional() })
  .refine(
    ({ issuer: _, ...named }) =>
      Object.values(named).filter((one) => one !== undefined).length === 1,
    {
      error: 'name one of "credentialId", "subject", "clientId" and "grantId"',
    },
  );

/** Listeners in this process, by store: they are notified first, whichever verifier revoked. */
const listenersOf = new WeakMap<
  RevocationStore,
  Set<{ readonly notify: (event: RevocationEvent) => void }>
>();

export interface JwtRevocations extends Required<Pick<RevocableVerifier, 'revoke' | 'subscribe'>> {
  /** Returns the verification, or a rejection if the token is revoked. */
  check(verification: Verification & { readonly ok: true }): Promise<Verification>;
}

export interface JwtRevocationsPolicy {
  /** The issuer of tokens for which `revoke()` names none. */
  readonly issuer: string | undefined;
  /** How long a token can live, in milliseconds: a revocation is kept for as long. */
  readonly lifeMs: number;
  readonly toleranceMs: number;
  /**
   * How far the issuer's clock is assumed to be ahead, in milliseconds. Tokens issued that soon
   * after a revocation are rejected too.
   */
  readonly skewMs: number;
  readonly isIssuer: (iss: string) => boolean;
}

/**
 * How far ahead an issuer's clock is believed to be: an `iat` beyond that says nothing about when
 * the token was issued.
 */
const MAX_SKEW_MS = 300_000;
const MAX_ISSUERS = 1_000;

/**
 * Keeps revocations in a store, which is queried for every verification that is not cached. Each is
 * kept under its issuer, since a subject is unique only there.
 */
export function jwtRevocations(
  store: RevocationStore,
  policy: JwtRevocationsPolicy,
): JwtRevocations {
  const { issuer, lifeMs, toleranceMs, skewMs, isIssuer } = policy;
  const listeners = listenersOf.get(store) ?? new Set();
  listenersOf.set(store, listeners);
  const keyOf = (iss: string, type: EventType, id: string) => JSON.stringify([iss, type, id]);

  // How far each issuer's clock is ahead of ours, as its tokens show: a revocation has to cover
  // what was issued until now by that clock.
  const aheadMs = new LRUCache<string, number>({ max: MAX_ISSUERS });
  const observe = (iss: string, issuedAt: number): void => {
    const observedMs = Math.min(issuedAt - Date.now(), lifeMs);
    if (observedMs > (aheadMs.get(iss) ?? 0)) {
      aheadMs.set(iss, observedMs);
    }
  };

  const revokedAt = async (
    iss: string,
    type: EventType,
    id: string | undefined,
  ): Promise<number | undefined> => {
    const value = id === undefined ? undefined : await store.get(GROUP, keyOf(iss, type, id));
    if (value === undefined) {
      return undefined;
    }
    if (!/^\d+$/.test(value)) {
      throw codedError(
        'ERR_LATCHKEY_STORE',
        'The store of revocations answered something that is not a time',
      );
    }
    return Number(value);
  };

  return {
    async revoke(tokens) {
      checkOptions('revoke()', revokedSchema, tokens);
      const { issuer: iss = issuer } = tokens;
      if (iss === undefined) {
        throw typeError(
          'ERR_LATCHKEY_ARGUMENT',
          'revoke(): name the "issuer" too: this verifier has several',
        );
      }
      if (!isIssuer(iss)) {
        throw typeError(
          'ERR_LATCHKEY_ARGUMENT',
          'revoke(): option "issuer" must be an issuer of this verifier',
        );
      }
      const isNamed = ([member, value]: [string, string | undefined]) =>
        Object.hasOwn(TYPES, member) && value !== undefined;
      const [name, id] = Object.entries(tokens).find(isNamed) as [keyof typeof TYPES, string];
      const type = TYPES[name];
      const at = Date.now();
      const issuersTime = Math.ceil(at + (aheadMs.get(iss) ?? 0));
      await store.set(
        GROUP,
        keyOf(iss, type, id),
        String(issuersTime),
        Math.ceil(issuersTime + lifeMs + 2 * toleranceMs),
      );
      const event: RevocationEvent = { type, id, at };
      for (const { notify } of listeners) {
        notify(event);
      }
      await store.publish?.(event);
    },
    subscribe(notify) {
      const listener = { notify };
      listeners.add(listener);
      const end = store.subscribe?.(notify);
      return () => {
        listeners.delete(listener);
        return end?.();
      };
    },
    async check({ issuedAt = 0, ...verification }) {
      const { issuer: iss = '', credentialId, subject, clientId } = verification.principal;
      observe(iss, issuedAt);
      // In parallel, which takes the time of one query.
      const [byId, byGrant, bySubject, byClient] = await Promise.all([
        revokedAt(iss, 'credential', credentialId),
        revokedAt(iss, 'grant', verification.grantId),
        revokedAt(iss, 'subject', subject),
        revokedAt(iss, 'client', clientId),
      ]);
      const slackMs = orderingSlackMs(issuedAt, skewMs);
      const isCovered = (at: number | undefined) => at !== undefined && issuedAt <= at + slackMs;
      const found = {
        jti: byId !== undefined,
        grant_id: byGrant !== undefined,
        subject: isCovered(bySubject),
        client: isCovered(byClient),
      };
      const by = Object.entries(found).find(([, isRevoked]) => isRevoked)?.[0];
      return by === undefined
        ? verification
        : reject('revoked', `the token was revoked by its ${by}`);
    },
  };
}

/**
 * Returns by how much a revocation covers tokens that claim to be issued after it. An `iat` in the
 * future shows that the issuer's clock is ahead but not by how much, so such a token is rejected
 * until its order is known.
 */
function orderingSlackMs(issuedAt: number, skewMs: number): number {
  const aheadMs = issuedAt - Date.now();
  if (aheadMs <= 0) {
    return skewMs;
  }
  return aheadMs > MAX_SKEW_MS ? Infinity : Math.max(skewMs, MAX_SKEW_MS);
}
