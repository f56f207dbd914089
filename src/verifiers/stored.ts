import { type Credential, MAX_KEY_LENGTH } from '../credential/credential';
import type { RevocationEvent } from '../credential/revocation';
import { generateSecret, secretPattern } from '../credential/secret';
import { createCredentialManager } from '../credentials/credential-manager';
import { createUsageCounter } from '../credentials/usage-counter';
import { typeError } from '../internal/errors';
import { isCredentialStore, type ManagedStore } from '../stores/store-methods';
import { additionsTo, withNotifiedAdditions } from './additions';
import type { ManagedVerifier, StoredKind } from './managed-verifier';
import { createSecretVerification } from './secret-verification';

export type { ManagedVerifier, StoredVerifier } from './managed-verifier';

/**
 * Creates the verifier and manager of one kind of stored credential. With a store that can only
 * find records, the methods of the manager reject (`ERR_LATCHKEY_STORE_METHODS`).
 */
export function storedVerifier(options: StoredKind): ManagedVerifier {
  const { name, extractors, prefix, store, environment = 'live', legacy = [] } = options;
  const verification = createSecretVerification(options);
  const additions = additionsTo(store);
  const managed = isCredentialStore(store) ? store : undefined;
  const usage = managed && createUsageCounter(managed);
  const revocations = revocationListeners(managed);
  const isLegacy = ({ extractor, token }: Credential) =>
    extractors.includes(extractor) && verification.isLegacy(token);

  const verifier: ManagedVerifier = {
    name,
    extractors,
    maxTokenLength: MAX_KEY_LENGTH,
    samples: extractors.map((extractor) => ({
      extractor,
      token: generateSecret(prefix, environment),
    })),
    pattern: secretPattern(prefix),
    accepts: (credential) =>
      (extractors.includes(credential.extractor) && credential.token.startsWith(`${prefix}_`)) ||
      isLegacy(credential),
    acceptsLegacy: isLegacy,
    verify: (credential) => verification.verify(toToken(credential, name)),
    subscribe: revocations.subscribe,
    subscribeToAdditions: additions.subscribe,
    onUsed({ credentialId }, at = Date.now()) {
      if (credentialId !== undefined) {
        usage?.count(credentialId, at);
      }
    },
    flush: async () => usage?.flush(),
    close: async () => usage?.flush(),
    ...createCredentialManager({
      ...options,
      flushUsage: async () => usage?.tryFlush(),
      notify: revocations.notify,
    }),
  };
  return withNotifiedAdditions(verifier, legacy, additions);
}

function toToken(credential: Credential | string, name: string): string {
  const token: unknown = typeof credential === 'object' ? credential?.token : credential;
  if (typeof token !== 'string') {
    throw typeError(
      'ERR_LATCHKEY_ARGUMENT',
      `${name}.verify(secret): "secret" must be a string, or { extractor, token }`,
    );
  }
  return token;
}

type RevocationListener = (event: RevocationEvent) => void;

/**
 * Notifies listeners of revocations by this verifier at once, and by the store of all others. A
 * change must apply to the next request on this instance, however slow the store's notification is.
 */
function revocationListeners(store: ManagedStore | undefined) {
  const listeners = new Set<RevocationListener>();
  const subscribe = (listener: RevocationListener) => {
    listeners.add(listener);
    const end = store?.subscribe(listener);
    return () => {
      listeners.delete(listener);
      return end?.();
    };
  };
  const notify = (event: RevocationEvent) => listeners.forEach((listener) => listener(event));
  return { subscribe, notify };
}
