import * as z from 'zod';
import { codedError, typeError } from '../../internal/errors';
import type { RevocationEvent } from '../../credential/revocation';
import { nonEmptyString, checkOptions } from '../../internal/options';
import type { CredentialStore, StateStore } from '../../stores/store';
import type { Verification, Verifier } from '../verifier';

/** Where revocations are kept. One that can announce tells the other instances at once; else they see it when `ttlMs` is over. */
export type RevocationStore = Pick<StateStore, 'get' | 'set'> & Partial<Pick<CredentialStore, 'publish' | 'subscribe'>>;

/** What to revoke: one token by its `jti`, all of a grant, or all that a subject or a client was issued until now. */
export interface RevokedTokens {
  readonly credentialId?: string;
  readonly subject?: string;
  readonly clientId?: string;
  /** Of the grant (RFC 6749 §1.3) that the claim `grant_id` names, as the authorization server of `latchkey/authorization-server` writes it. */
  readonly grantId?: string;
  /** CredentialOwner `jti`, subject, client or grant it is; need not be said where there is one issuer. */
  readonly issuer?: string;
}

/** A verifier whose tokens can be revoked before they expire. */
export interface RevocableVerifier extends Verifier {
  /**
   * Refuses these tokens on every instance, also on those that start later, until the last of them has expired.
   *
   * @throws TypeError unless one of `credentialId`, `subject`, `clientId` and `grantId` is named, of an issuer that the verifier has
   */
  readonly revoke: (tokens: RevokedTokens) => Promise<void>;
}

const GROUP = 'jwt-revocations';
const KINDS = { credentialId: 'credential', subject: 'subject', clientId: 'client', grantId: 'grant' } as const;
type Kind = (typeof KINDS)[keyof typeof KINDS];

const members = {
  credentialId: nonEmptyString.optional(),
  subject: nonEmptyString.optional(),
  clientId: nonEmptyString.optional(),
  grantId: nonEmptyString.optional(),
};
const revokedSchema = z
  .strictObject({ ...members, issuer: nonEmptyString.optional() })
  .refine(({ issuer: _, ...named }) => Object.values(named).filter((one) => one !== undefined).length === 1, {
    error: 'name one of "credentialId", "subject", "clientId" and "grantId"',
  });

/** Who hears of a revocation in this process, whichever object revoked it, before the store has any news. */
const listenersOf = new WeakMap<RevocationStore, Set<{ readonly tell: (mark: RevocationEvent) => void }>>();

export interface Revoking extends Required<Pick<RevocableVerifier, 'revoke' | 'subscribe'>> {
  /** The verification, or that the token is revoked. */
  check(verification: Verification & { readonly ok: true }): Promise<Verification>;
}

/**
 * Revocations in a store, asked on every fresh proof. Each is kept under its issuer, since a subject is unique only there, for as
 * long as a token that it is about can live. `issuer` is whose they are where nobody says it.
 */
export function revoking(
  store: RevocationStore,
  issuer: string | undefined,
  lifeMs: number,
  toleranceMs: number,
  isIssuer = (iss: string): boolean => iss === issuer,
): Revoking {
  const listeners = listenersOf.get(store) ?? new Set();
  listenersOf.set(store, listeners);
  const keyOf = (iss: string, kind: Kind, id: string) => JSON.stringify([iss, kind, id]);

  const revokedAt = async (iss: string, kind: Kind, id: string | undefined): Promise<number | undefined> => {
    const value = id === undefined ? undefined : await store.get(GROUP, keyOf(iss, kind, id));
    if (value === undefined) return undefined;
    if (!/^\d+$/.test(value)) throw codedError('ERR_LATCHKEY_STORE', 'The store of revocations answered something that is not a time');
    return Number(value);
  };

  return {
    async revoke(tokens) {
      checkOptions('revoke()', revokedSchema, tokens);
      const { issuer: iss = issuer } = tokens;
      if (iss === undefined) throw typeError('ERR_LATCHKEY_ARGUMENT', 'revoke(): name the "issuer" too: this verifier has several');
      if (!isIssuer(iss)) throw typeError('ERR_LATCHKEY_ARGUMENT', 'revoke(): option "issuer" must be an issuer of this verifier');
      const isNamed = ([member, value]: [string, string | undefined]) => Object.hasOwn(KINDS, member) && value !== undefined;
      const [name, id] = Object.entries(tokens).find(isNamed) as [keyof typeof KINDS, string];
      const kind = KINDS[name];
      const at = Date.now();
      await store.set(GROUP, keyOf(iss, kind, id), String(at), Math.ceil(at + lifeMs + 2 * toleranceMs));
      const mark: RevocationEvent = { type: kind, id, at };
      for (const { tell } of listeners) tell(mark);
      await store.publish?.(mark);
    },
    subscribe(tell) {
      const listener = { tell };
      listeners.add(listener);
      const end = store.subscribe?.(tell);
      return () => {
        listeners.delete(listener);
        return end?.();
      };
    },
    async check({ issuedAt = 0, ...verification }) {
      const { issuer: iss = '', credentialId, subject, clientId } = verification.principal;
      // At once, which costs the time of one.
      const [byId, byGrant, ...ofMany] = await Promise.all([
        revokedAt(iss, 'credential', credentialId),
        revokedAt(iss, 'grant', verification.grantId),
        revokedAt(iss, 'subject', subject),
        revokedAt(iss, 'client', clientId),
      ]);
      // The issuer's clock may be ahead of ours.
      const isRevoked =
        byId !== undefined || byGrant !== undefined || ofMany.some((at) => at !== undefined && issuedAt <= at + toleranceMs);
      return isRevoked ? { ok: false, reason: 'revoked' } : verification;
    },
  };
}
