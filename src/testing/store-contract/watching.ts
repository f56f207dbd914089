import type { RevocationEvent } from '../../credential/revocation';
import type { CredentialStore, StoredRecord } from '../../stores/store';
import { type Cases, comesTrue, demand, type OpenedStore, sleep } from './contract';
import { newRecord, ODD_TEXTS, unique } from './samples';

/** subscribe(): notifications of changes here and, with `push`, on another instance. */
export function watching({
  push,
  withinMs,
}: {
  push: boolean;
  withinMs: number;
}): Cases<OpenedStore<CredentialStore>> {
  const here: Cases<OpenedStore<CredentialStore>> = {
    'tells of what is revoked, ended and changed': ({ store }) => tells(store, store, withinMs),
    'tells of a mark that is announced, as it is': ({ store }) =>
      tellsAnnounced(store, store, withinMs),

    async 'tells each listener once for each subscription, until that has ended'({ store }) {
      const [listener, control] = [heard(), heard()];
      const ends = [listener, listener, control].map(({ hear }) => store.subscribe(hear));
      try {
        await ends[0]?.();
        await ends[0]?.();
        const first = await toldOf(store, [listener, control], withinMs);
        demand(
          'A listener that watches twice, and ended that once, is told once',
          listener.of(first),
          1,
        );
        await ends[1]?.();
        const second = await toldOf(store, [control], withinMs);
        demand(
          'A listener is told nothing after the end of its subscription',
          listener.of(second),
          0,
        );
      } finally {
        await Promise.all(ends.map(async (end) => end()));
      }
    },

    async 'goes on when a listener throws'({ store }) {
      const throws = () => {
        throw new Error('a listener that throws');
      };
      const control = heard();
      const ends = [throws, control.hear].map((listener) => store.subscribe(listener));
      try {
        const record = newRecord();
        await store.insert(record);
        const revoked = await store.revoke(record.id, Date.now()).catch((error: unknown) => error);
        demand('revoke() is true although a listener throws', revoked, true);
        await toldOf(store, [control], withinMs);
      } finally {
        await Promise.all(ends.map(async (end) => end()));
      }
    },

    async 'tells nothing of uses, which would void what is cached'({ store }) {
      const control = heard();
      const end = store.subscribe(control.hear);
      try {
        const record = await toldOf(store, [control], withinMs);
        const before = control.of(record);
        await store.recordUsage([{ id: record.id, count: 1, lastUsedAt: Date.now() }]);
        await toldOf(store, [control], withinMs);
        demand('recordUsage() is no news', control.of(record) - before, 0);
      } finally {
        await end();
      }
    },
  };
  if (!push) {
    return here;
  }
  return {
    ...here,
    'tells of what is revoked, ended and changed on another machine': ({ store, peer }) =>
      tells(peer, store, withinMs),
    'tells of a mark that is announced on another machine, as it is': ({ store, peer }) =>
      tellsAnnounced(peer, store, withinMs),
  };
}

async function tellsAnnounced(
  watcher: CredentialStore,
  actor: CredentialStore,
  withinMs: number,
): Promise<void> {
  const listener = heard();
  const end = watcher.subscribe(listener.hear);
  try {
    await toldOf(actor, [listener], withinMs);
    const at = Date.now();
    const marks: RevocationEvent[] = [
      ...ODD_TEXTS.map((text): RevocationEvent => ({ type: 'subject', id: unique(text), at })),
      ...(['digest', 'credential', 'client', 'grant'] as const).map((type) => ({
        type,
        id: unique('announced'),
        at,
        expiresAt: at + 60_000,
      })),
    ];
    for (const mark of marks) {
      await actor.publish(mark);
      const isTold = () => listener.marks.find(({ id }) => id === mark.id);
      await comesTrue(() => isTold() !== undefined, withinMs);
      demand(
        `subscribe() tells of a mark that is announced within ${withinMs} ms, as it is`,
        isTold(),
        mark,
      );
    }
  } finally {
    await end();
  }
}

async function tells(
  watcher: CredentialStore,
  actor: CredentialStore,
  withinMs: number,
): Promise<void> {
  const acts: Record<string, (record: StoredRecord) => Promise<unknown>> = {
    'update()': ({ id }) => actor.update(id, { name: 'new' }),
    'expireAt()': ({ id }) => actor.expireAt(id, Date.now() + 60_000),
    'disable()': ({ id }) => actor.disable(id, Date.now()),
    'enable()': ({ id }) => actor.enable(id),
    'revoke()': ({ id }) => actor.revoke(id, Date.now()),
    'revokeAll() by subject': ({ kind, subject }) =>
      actor.revokeAll({ kind, by: 'subject', id: subject }, Date.now()),
    'revokeAll() by client': ({ kind, clientId }) =>
      actor.revokeAll({ kind, by: 'client', id: String(clientId) }, Date.now()),
    'revokeAll() by grant': ({ kind, grantId }) =>
      actor.revokeAll({ kind, by: 'grant', id: String(grantId) }, Date.now()),
  };
  const listener = heard();
  const end = watcher.subscribe(listener.hear);
  try {
    await toldOf(actor, [listener], withinMs);
    for (const [name, act] of Object.entries(acts)) {
      const { id, ...members } = newRecord();
      const disabledAt = name === 'enable()' ? Date.now() : null;
      const owners = { clientId: `app-${id}`, grantId: `grant-${id}` };
      const record = { ...members, id, ...owners, disabledAt };
      await actor.insert(record);
      const before = listener.of(record);
      await act(record);
      const told = await comesTrue(() => listener.of(record) > before, withinMs);
      demand(
        `subscribe() tells of ${name} within ${withinMs} ms, by a mark about the record or its owner`,
        told,
        true,
      );
    }
    const odd = listener.marks.filter(
      ({ at, expiresAt: until = Infinity }) =>
        !(Math.abs(Date.now() - at) < 3_600_000 && until > at),
    );
    demand('Every mark has the time of what it tells of', odd, []);
  } finally {
    await end();
  }
}

/**
 * Returns a record of whose change every listener was notified. A subscription may take a moment to
 * be established, so records are changed until a notification arrives.
 */
async function toldOf(
  actor: CredentialStore,
  listeners: readonly Heard[],
  withinMs: number,
): Promise<StoredRecord> {
  const changed: StoredRecord[] = [];
  const known = () =>
    changed.find((record) => listeners.every((listener) => listener.of(record) > 0));
  for (const deadline = Date.now() + withinMs; !known() && Date.now() < deadline;) {
    const record = newRecord();
    changed.push(record);
    await actor.insert(record);
    await actor.update(record.id, { name: 'new' });
    await comesTrue(() => known() !== undefined, 50);
  }
  demand(
    `subscribe() tells every listener of update() within ${withinMs} ms`,
    known() !== undefined,
    true,
  );
  // Listeners that must not be notified get a moment to fail.
  await sleep(20);
  return known() as StoredRecord;
}

interface Heard {
  readonly marks: readonly RevocationEvent[];
  readonly hear: (mark: RevocationEvent) => void;
  /** How often it was notified of a record. */
  readonly of: (record: StoredRecord) => number;
}

function heard(): Heard {
  const marks: RevocationEvent[] = [];
  return {
    marks,
    hear: (mark) => void marks.push(mark),
    of: ({ id, digest, subject, clientId, grantId }) =>
      marks.filter(
        (mark) =>
          ({ digest, credential: id, subject, client: clientId, grant: grantId })[mark.type] ===
          mark.id,
      ).length,
  };
}
