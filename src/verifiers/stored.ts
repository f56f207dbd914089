import * as z from 'zod';
import { MAX_KEY_LENGTH, type Credential } from '../credential/credential';
import { digestOf } from '../credential/digest';
import type { Principal } from '../credential/principal';
import { checkRecord, type CredentialRecord } from '../credential/record';
import type { RevocationEvent } from '../credential/revocation';
import { generateSecret, isSecretWord, secretPattern, secretReader } from '../credential/secret';
import { durationMs, objectWithMethods, nonEmptyString, check } from '../internal/options';
import type { CredentialReader, CredentialStore } from '../stores/store';
import { createCredentialManager, type CredentialManager } from '../credentials/credential-manager';
import { createUsageCounter } from '../credentials/usage-counter';
import type { Verification, Verifier } from './verifier';

/** A verifier of stored credentials: all that `find(digest)` allows. */
export interface StoredVerifier extends Verifier {
  /** For scanners of code and logs. */
  readonly pattern: RegExp;
  /** Proves a credential that a request presented, or a bare secret. */
  verify(credential: Credential | string): Verification | Promise<Verification>;
}

/** A verifier that also runs the life of what it verifies. */
export interface ManagedVerifier extends StoredVerifier, CredentialManager {}

/** One kind of stored credential. */
export interface StoredKind {
  readonly kind: 'api_key' | 'access_token' | 'session_token';
  /** Name of the verifier. */
  readonly name: string;
  /** Extractors that may bring it. */
  readonly extractors: readonly string[];
  readonly prefix: string;
  readonly store: CredentialReader;
  /** Only this environment is good. */
  readonly environment?: string | undefined;
  /** Environments that may be issued; any where absent. */
  readonly environments?: readonly string[] | undefined;
  /** Older keys of another form. */
  readonly legacy?: RegExp | undefined;
  /** Life of what is issued without an expiry; null is for ever. */
  readonly ttlMs: number | null;
}

export const aSecretWord = check<string>('1 to 32 lower-case letters and digits, a letter first', isSecretWord);
export const storedOptions = { store: objectWithMethods('find'), prefix: aSecretWord, name: nonEmptyString.optional() };
export const aLifetime = durationMs(1, Number.MAX_SAFE_INTEGER).optional();

/** The life of a credential needs a store that writes; a reader's verifier refuses it with a word on why. */
export function storedVerifier(options: StoredKind): ManagedVerifier {
  const { kind, name, extractors, prefix, store, environment, legacy } = options;
  const environmentOf = secretReader(prefix);
  const start = `${prefix}_`;
  const managed = isCredentialStore(store) ? store : undefined;
  const listeners = new Set<(mark: RevocationEvent) => void>();
  const uses = managed && createUsageCounter(managed);

  const judge = (record: CredentialRecord, named: string | undefined): Verification => {
    const now = Date.now();
    const own = named ?? record.environment ?? undefined;
    if (record.kind !== kind) return { ok: false, reason: 'unknown' };
    if (record.expiresAt !== null && record.expiresAt <= now) return { ok: false, reason: 'expired' };
    if (record.revokedAt !== null) return { ok: false, reason: 'revoked' };
    if (environment !== undefined && own !== environment) return { ok: false, reason: 'wrong_environment' };
    return {
      ok: true,
      principal: principalOf(record, name, own),
      ...(record.expiresAt !== null && { expiresAt: record.expiresAt }),
      ...(record.confirmation && { confirmation: record.confirmation }),
      ...(record.grantId && { grantId: record.grantId }),
    };
  };

  const prove = async (token: string, named: string | undefined): Promise<Verification> => {
    const digest = digestOf(token);
    const found = await store.find(digest);
    return found === undefined || found === null ? { ok: false, reason: 'unknown' } : judge(checkRecord(found, digest), named);
  };

  return {
    name,
    extractors,
    maxTokenLength: MAX_KEY_LENGTH,
    samples: extractors.map((extractor) => ({ extractor, token: generateSecret(prefix, environment ?? 'live') })),
    pattern: secretPattern(prefix),
    accepts: ({ extractor, token }) => extractors.includes(extractor) && (token.startsWith(start) || legacy?.test(token) === true),
    verify(credential) {
      const token = typeof credential === 'string' ? credential : credential.token;
      const named = environmentOf(token);
      if (named === undefined && !(token.length <= MAX_KEY_LENGTH && legacy?.test(token))) return { ok: false, reason: 'malformed' };
      if (named !== undefined && environment !== undefined && named !== environment) return { ok: false, reason: 'wrong_environment' };
      return prove(token, named);
    },
    subscribe(revoked) {
      listeners.add(revoked);
      const unwatch = managed?.subscribe(revoked);
      return () => {
        listeners.delete(revoked);
        return unwatch?.();
      };
    },
    onUsed(principal, at = Date.now()) {
      if (principal.credentialId !== undefined) uses?.count(principal.credentialId, at);
    },
    flush: async () => uses?.flush(),
    close: async () => uses?.flush(),
    ...createCredentialManager({
      ...options,
      store: managed,
      flushUses: async () => uses?.tryFlush(),
      // The next request on this instance has to see it, however late the store's own news may be.
      tell: (mark) => listeners.forEach((listener) => listener(mark)),
    }),
  };
}

function principalOf(record: CredentialRecord, verifier: string, environment: string | undefined): Principal {
  return {
    kind: record.kind,
    verifier,
    subject: record.subject,
    ...(record.clientId && { clientId: record.clientId }),
    credentialId: record.id,
    ...(environment !== undefined && { environment }),
    scopes: record.scopes,
    ...(record.expiresAt !== null && { expiresAt: record.expiresAt }),
    claims: record.metadata ?? {},
  };
}

const METHODS = ['findById', 'insert', 'list', 'update', 'expireAt', 'revoke', 'revokeAll', 'recordUsage', 'prune', 'subscribe'] as const;

const isCredentialStore = (store: CredentialReader): store is CredentialStore =>
  METHODS.every((method) => typeof (store as Partial<CredentialStore>)[method] === 'function');

/** A RegExp that tests the same way twice: with `g` or `y` it would remember where it stopped. */
export const aLegacyForm = z
  .instanceof(RegExp, { error: 'must be a RegExp' })
  .refine((value) => !value.global && !value.sticky, { error: 'must be a RegExp without the flags g and y' });
