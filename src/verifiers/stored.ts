import { type Credential, MAX_KEY_LENGTH } from '../credential/credential';
import { digestOf } from '../credential/digest';
import type { Principal } from '../credential/principal';
import { checkRecord, type CredentialRecord } from '../credential/record';
import type { RevocationEvent } from '../credential/revocation';
import { generateSecret, isSecretWord, secretPattern, secretReader } from '../credential/secret';
import { createCredentialManager, type CredentialManager } from '../credentials/credential-manager';
import { createUsageCounter } from '../credentials/usage-counter';
import { arrayOf, check, durationMs, nonEmptyString, objectWithMethods } from '../internal/options';
import { type CredentialReader, isCredentialStore } from '../stores/store';
import { legacyDigest, type LegacyForm, withStoredDigest } from './legacy';
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
  /** Forms of imported keys that Latchkey did not issue. */
  readonly legacy?: readonly LegacyForm[] | undefined;
  /** Life of what is issued without an expiry; null is for ever. */
  readonly ttlMs: number | null;
}

export const aSecretWord = check<string>(
  '1 to 32 lower-case letters and digits, a letter first',
  isSecretWord,
);
export const storedOptions = {
  store: objectWithMethods('find'),
  prefix: aSecretWord,
  name: nonEmptyString.optional(),
};
export const extractorNames = arrayOf(
  'names of extractors',
  (value) => typeof value === 'string' && value !== '',
).optional();
export const aLifetime = durationMs(1, Number.MAX_SAFE_INTEGER).optional();

/**
 * The life of a credential needs a store that writes; a reader's verifier refuses it with a word on
 * why.
 */
export function storedVerifier(options: StoredKind): ManagedVerifier {
  const { kind, name, extractors, prefix, store, environment, legacy = [] } = options;
  const environmentOf = secretReader(prefix);
  const start = `${prefix}_`;
  const managed = isCredentialStore(store) ? store : undefined;
  const listeners = new Set<(event: RevocationEvent) => void>();
  const additionListeners = additionListenersOf(store);
  const uses = managed && createUsageCounter(managed);

  const notify = (event: RevocationEvent) => listeners.forEach((listener) => listener(event));
  const legacyForm = (token: string): LegacyForm | undefined =>
    token.length <= MAX_KEY_LENGTH ? legacy.find(({ form }) => form.test(token)) : undefined;

  const wrongEnvironment = (actual: string | undefined): Verification => ({
    ok: false,
    reason: 'wrong_environment',
    detail:
      actual === undefined
        ? 'the record has no environment'
        : `it is a key of the environment ${actual}, not ${environment}`,
  });

  const validate = (record: CredentialRecord, named: string | undefined): Verification => {
    const now = Date.now();
    const own = named ?? record.environment ?? undefined;
    if (record.kind !== kind) {
      return {
        ok: false,
        reason: 'unknown',
        detail: `the record is of the kind ${record.kind}, not ${kind}`,
      };
    }
    if (record.expiresAt !== null && record.expiresAt <= now) {
      return { ok: false, reason: 'expired' };
    }
    if (record.revokedAt !== null) {
      return { ok: false, reason: 'revoked' };
    }
    if (environment !== undefined && own !== environment) {
      return wrongEnvironment(own);
    }
    return {
      ok: true,
      principal: principalOf(record, name, own),
      ...(record.expiresAt !== null && { expiresAt: record.expiresAt }),
      ...(record.confirmation && { confirmation: record.confirmation }),
      ...(record.grantId && { grantId: record.grantId }),
    };
  };

  const lookUp = async (digest: string, named: string | undefined): Promise<Verification> => {
    const found = await store.find(digest);
    if (found === undefined || found === null) {
      return { ok: false, reason: 'unknown', detail: 'the store has no record of it' };
    }
    return validate(checkRecord(found, digest), named);
  };

  const verifyLegacy = async (token: string, form: LegacyForm): Promise<Verification> =>
    lookUp(legacyDigest(form, token), undefined);

  const verifier: ManagedVerifier = {
    name,
    extractors,
    maxTokenLength: MAX_KEY_LENGTH,
    samples: extractors.map((extractor) => ({
      extractor,
      token: generateSecret(prefix, environment ?? 'live'),
    })),
    pattern: secretPattern(prefix),
    accepts: ({ extractor, token }) =>
      extractors.includes(extractor) &&
      (token.startsWith(start) || legacyForm(token) !== undefined),
    acceptsLegacy: ({ extractor, token }) =>
      extractors.includes(extractor) && legacyForm(token) !== undefined,
    verify(credential) {
      const token = typeof credential === 'string' ? credential : credential.token;
      const named = environmentOf(token);
      if (named === undefined) {
        const form = legacyForm(token);
        return form
          ? verifyLegacy(token, form)
          : { ok: false, reason: 'malformed', detail: MALFORMED };
      }
      return environment !== undefined && named !== environment
        ? wrongEnvironment(named)
        : lookUp(digestOf(token), named);
    },
    subscribe(revoked) {
      listeners.add(revoked);
      const unwatch = managed?.subscribe(revoked);
      return () => {
        listeners.delete(revoked);
        return unwatch?.();
      };
    },
    subscribeToAdditions(listener) {
      const entry = { listener };
      additionListeners.add(entry);
      return () => void additionListeners.delete(entry);
    },
    onUsed(principal, at = Date.now()) {
      if (principal.credentialId !== undefined) {
        uses?.count(principal.credentialId, at);
      }
    },
    flush: async () => uses?.flush(),
    close: async () => uses?.flush(),
    ...createCredentialManager({
      ...options,
      flushUsage: async () => uses?.tryFlush(),
      // The next request on this instance must see the change, however late the store's own
      // notification is.
      notify,
    }),
  };
  return withNotifiedAdditions(verifier, legacy, () =>
    additionListeners.forEach(({ listener }) => listener()),
  );
}

/**
 * By store: what one verifier adds may be what the guards of another one with the same store have
 * rejected. One entry for each subscription, so that a listener can be added twice.
 */
const additionsByStore = new WeakMap<CredentialReader, Set<{ readonly listener: () => void }>>();

function additionListenersOf(store: CredentialReader): Set<{ readonly listener: () => void }> {
  const listeners = additionsByStore.get(store) ?? new Set();
  additionsByStore.set(store, listeners);
  return listeners;
}

const MALFORMED = 'its form or checksum is wrong: it was cut off, mistyped or made up';

/**
 * Notifies the guards of this instance when credentials are added, so that they forget cached
 * rejections.
 */
function withNotifiedAdditions(
  verifier: ManagedVerifier,
  legacy: readonly LegacyForm[],
  notify: () => void,
): ManagedVerifier {
  return {
    ...verifier,
    async issue(...parameters) {
      try {
        return await verifier.issue(...parameters);
      } finally {
        notify();
      }
    },
    async import(records, ...more) {
      const isIterable =
        typeof (records as Iterable<unknown> | null | undefined)?.[Symbol.iterator] === 'function';
      try {
        return await verifier.import(
          isIterable ? [...records].map((record) => withStoredDigest(record, legacy)) : records,
          ...more,
        );
      } finally {
        notify();
      }
    },
  };
}

function principalOf(
  record: CredentialRecord,
  verifier: string,
  environment: string | undefined,
): Principal {
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
