import type { RevocationEvent } from '../../credential/revocation';
import type { CredentialStore, StoredRecord } from '../../stores/store';
import { becomesTrue, type Cases, demand, type OpenedStore, sleep } from './contract';
import { newRecord, ODD_TEXTS, unique } from './samples';

type Opened = OpenedStore<CredentialStore>;

/** subscribe() and publish(): notifications of changes by the same store. */
export const notifying: Cases<Opened> = {
  'notifies of revocations, earlier expiries and changes': ({ store }, { withinMs }) =>
    demandNotifications(store, store, withinMs),

  'notifies of a published event, unchanged': ({ store }, { withinMs }) =>
    demandPublishedEvents(store, store, withinMs),

  async 'notifies a listener once for each subscription, until the subscription ends'(
    { store },
    { withinMs },
  ) {
    const [listener, control] = [createListener(), createListener()];
    const ends = [listener, listener, control].map(({ onEvent }) => store.subscribe(onEvent));
    try {
      await ends[0]?.();
      await ends[0]?.();
      const first = await changeUntilNotified(store, [listener, control], withinMs);
      demand(
        'a listener that subscribed twice and ended one subscription is notified once',
        listener.count(first),
        1,
      );
      await ends[1]?.();
      const second = await changeUntilNotified(store, [control], withinMs);
      demand('a listener is not notified after its subscription ended', listener.count(second), 0);
    } finally {
      await endAll(ends);
    }
  },

  async 'notifies other listeners after one throws'({ store }, { withinMs }) {
    const failing = () => {
      throw new Error('a listener that throws');
    };
    const control = createListener();
    const ends = [failing, control.onEvent].map((listener) => store.subscribe(listener));
    try {
      const record = newRecord();
      await store.insert(record);
      const revoked = await store.revoke(record.id, Date.now()).catch((error: unknown) => error);
      demand('revoke() returns true although a listener throws', revoked, true);
      await changeUntilNotified(store, [control], withinMs);
    } finally {
      await endAll(ends);
    }
  },

  async 'does not notify of usage, which would invalidate caches'({ store }, { withinMs }) {
    const control = createListener();
    const end = store.subscribe(control.onEvent);
    try {
      const record = await changeUntilNotified(store, [control], withinMs);
      const before = control.count(record);
      await store.recordUsage([{ id: record.id, count: 1, lastUsedAt: Date.now() }]);
      await changeUntilNotified(store, [control], withinMs);
      demand('recordUsage() does not notify', control.count(record) - before, 0);
    } finally {
      await end();
    }
  },
};

/** subscribe() and publish() of a store that notifies other instances. */
export const notifyingPeers: Cases<Opened> = {
  'notifies of revocations, earlier expiries and changes by another instance': (
    { store, peer },
    { withinMs },
  ) => demandNotifications(peer, store, withinMs),
  'notifies of an event that another instance published, unchanged': (
    { store, peer },
    { withinMs },
  ) => demandPublishedEvents(peer, store, withinMs),
};

type EndSubscription = ReturnType<CredentialStore['subscribe']>;

const endAll = (ends: readonly EndSubscription[]): Promise<unknown> =>
  Promise.all(ends.map(async (end) => end()));

async function demandPublishedEvents(
  subscriber: CredentialStore,
  publisher: CredentialStore,
  withinMs: number,
): Promise<void> {
  const listener = createListener();
  const end = subscriber.subscribe(listener.onEvent);
  try {
    await changeUntilNotified(publisher, [listener], withinMs);
    for (const event of publishedEvents(Date.now())) {
      await publisher.publish(event);
      const received = () => listener.events.find(({ id }) => id === event.id);
      await becomesTrue(() => received() !== undefined, withinMs);
      demand(
        `subscribe() notifies of a published event within ${withinMs} ms, unchanged`,
        received(),
        event,
      );
    }
  } finally {
    await end();
  }
}

const publishedEvents = (at: number): readonly RevocationEvent[] => [
  ...ODD_TEXTS.map((text): RevocationEvent => ({ type: 'subject', id: unique(text), at })),
  ...(['digest', 'credential', 'client', 'grant'] as const).map((type) => ({
    type,
    id: unique('published'),
    at,
    expiresAt: at + 60_000,
  })),
];

type Change = (record: StoredRecord, store: CredentialStore) => Promise<unknown>;

const CHANGES: Readonly<Record<string, Change>> = {
  'update()': ({ id }, store) => store.update(id, { name: 'new' }),
  'expireAt()': ({ id }, store) => store.expireAt(id, Date.now() + 60_000),
  'disable()': ({ id }, store) => store.disable(id, Date.now()),
  'enable()': ({ id }, store) => store.enable(id),
  'revoke()': ({ id }, store) => store.revoke(id, Date.now()),
  'revokeAll() by subject': ({ kind, subject }, store) =>
    store.revokeAll({ kind, by: 'subject', id: subject }, Date.now()),
  'revokeAll() by client': ({ kind, clientId }, store) =>
    store.revokeAll({ kind, by: 'client', id: String(clientId) }, Date.now()),
  'revokeAll() by grant': ({ kind, grantId }, store) =>
    store.revokeAll({ kind, by: 'grant', id: String(grantId) }, Date.now()),
};

async function demandNotifications(
  subscriber: CredentialStore,
  publisher: CredentialStore,
  withinMs: number,
): Promise<void> {
  const listener = createListener();
  const end = subscriber.subscribe(listener.onEvent);
  try {
    await changeUntilNotified(publisher, [listener], withinMs);
    for (const [name, change] of Object.entries(CHANGES)) {
      const record = newOwnedRecord(name === 'enable()');
      await publisher.insert(record);
      const before = listener.count(record);
      await change(record, publisher);
      const isNotified = () => listener.count(record) > before;
      demand(
        `subscribe() notifies of ${name} within ${withinMs} ms, by an event about the record or its owner`,
        await becomesTrue(isNotified, withinMs),
        true,
      );
    }
    const invalid = listener.events.filter((event) => !hasValidTimes(event));
    demand('every event has the time of its change, in milliseconds', invalid, []);
  } finally {
    await end();
  }
}

function newOwnedRecord(isDisabled: boolean): StoredRecord {
  const record = newRecord({ disabledAt: isDisabled ? Date.now() : null });
  return { ...record, clientId: `app-${record.id}`, grantId: `grant-${record.id}` };
}

const hasValidTimes = ({ at, expiresAt = Infinity }: RevocationEvent): boolean =>
  Math.abs(Date.now() - at) < 3_600_000 && expiresAt > at;

/**
 * Changes records until every listener was notified of one, and returns it. A subscription may take
 * a moment to be established.
 */
async function changeUntilNotified(
  store: CredentialStore,
  listeners: readonly Listener[],
  withinMs: number,
): Promise<StoredRecord> {
  const changed: StoredRecord[] = [];
  const isKnownToAll = (record: StoredRecord) =>
    listeners.every((listener) => listener.count(record) > 0);
  const findKnown = () => changed.find(isKnownToAll);
  for (const deadline = Date.now() + withinMs; !findKnown() && Date.now() < deadline;) {
    const record = newRecord();
    changed.push(record);
    await store.insert(record);
    await store.update(record.id, { name: 'new' });
    await becomesTrue(() => findKnown() !== undefined, 50);
  }
  const known = findKnown();
  demand(
    `subscribe() notifies every listener of update() within ${withinMs} ms`,
    known !== undefined,
    true,
  );
  // Time for notifications that must not be sent.
  await sleep(20);
  return known ?? newRecord();
}

interface Listener {
  readonly events: readonly RevocationEvent[];
  readonly onEvent: (event: RevocationEvent) => void;
  /** Returns how many events were about a record or its owner. */
  readonly count: (record: StoredRecord) => number;
}

function createListener(): Listener {
  const events: RevocationEvent[] = [];
  return {
    events,
    onEvent: (event) => void events.push(event),
    count: (record) => events.filter((event) => isAbout(event, record)).length,
  };
}

function isAbout({ type, id }: RevocationEvent, record: StoredRecord): boolean {
  const { digest, subject, clientId: client, grantId: grant } = record;
  return { digest, credential: record.id, subject, client, grant }[type] === id;
}
