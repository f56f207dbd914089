import type { CredentialReader } from '../stores/store';
import { type LegacyForm, withStoredDigest } from './legacy';
import type { ManagedVerifier } from './managed-verifier';

/** One entry for each subscription, so that a listener can be added twice. */
type Subscriptions = Set<{ readonly listener: () => void }>;

/**
 * Subscriptions by store. The guards of another verifier with the same store may have rejected what
 * this verifier adds.
 */
const subscriptionsByStore = new WeakMap<CredentialReader, Subscriptions>();

/** Notifies listeners of credentials that are added to a store on this instance. */
export interface Additions {
  readonly subscribe: (listener: () => void) => () => void;
  readonly notify: () => void;
}

/** Returns the notifications of a store. */
export function additionsTo(store: CredentialReader): Additions {
  const subscriptions = subscriptionsByStore.get(store) ?? new Set();
  subscriptionsByStore.set(store, subscriptions);
  return {
    subscribe(listener) {
      const entry = { listener };
      subscriptions.add(entry);
      return () => void subscriptions.delete(entry);
    },
    notify: () => subscriptions.forEach(({ listener }) => listener()),
  };
}

/** Returns the verifier with methods that notify after they added or enabled credentials. */
export function withNotifiedAdditions(
  verifier: ManagedVerifier,
  legacy: readonly LegacyForm[],
  { notify }: Additions,
): ManagedVerifier {
  return {
    ...verifier,
    issue: async (...parameters) => verifier.issue(...parameters).finally(notify),
    enable: async (...parameters) => verifier.enable(...parameters).finally(notify),
    import: async (records, ...more) =>
      verifier.import(withStoredDigests(records, legacy), ...more).finally(notify),
  };
}

/** Anything that cannot be iterated is passed on to `import()`, which rejects it. */
const withStoredDigests = <T>(records: Iterable<T>, legacy: readonly LegacyForm[]): Iterable<T> =>
  isIterable(records) ? Array.from(records, (record) => withStoredDigest(record, legacy)) : records;

const isIterable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;
