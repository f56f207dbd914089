import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import type { CredentialEvent, CredentialStore, ManagedVerifier, PublicRecord } from 'latchkey';
import { apiKeys } from 'latchkey';

type State = Map<string, Record<string, unknown>>;

const ACCOUNTS = 5;

/**
 * Makes random changes of keys, and compares what their events say with what the store holds.
 *
 * @returns How many records there are, and the IDs of those that differ.
 */
export async function differencesAfter(
  store: CredentialStore,
  steps: number,
): Promise<{ readonly records: number; readonly differences: readonly string[] }> {
  const keys = apiKeys({ prefix: 'acme', store });
  const state: State = new Map();
  const onEvent = (event: unknown) => apply(state, event as CredentialEvent);
  subscribe('latchkey:credential', onEvent);
  try {
    await changeAtRandom(keys, steps);
  } finally {
    unsubscribe('latchkey:credential', onEvent);
  }
  const records = await listAll(keys);
  const isSame = (record: PublicRecord) =>
    describe(record) === describe(state.get(record.id) ?? {});
  const missing = [...state.keys()].filter((id) => records.every((record) => record.id !== id));
  return {
    records: records.length,
    differences: [...records.filter((one) => !isSame(one)).map(({ id }) => id), ...missing],
  };
}

/** Changes the state as an event says. */
function apply(state: State, { action, credentialId, changes }: CredentialEvent): void {
  const { replacement, ...members } = changes;
  const after = Object.entries(members).map(([member, change]) => [member, change.after]);
  state.set(credentialId, { ...state.get(credentialId), ...Object.fromEntries(after) });
  if (replacement) {
    const { id, ...record } = replacement.after as { readonly id: string };
    state.set(id, record);
  }
  if (action === 'pruned') {
    state.delete(credentialId);
  }
}

const describe = ({ name, scopes, expiresAt, disabledAt, revokedAt }: Partial<PublicRecord>) =>
  JSON.stringify([name ?? null, scopes, expiresAt ?? null, disabledAt ?? null, revokedAt ?? null]);

async function changeAtRandom(keys: ManagedVerifier, steps: number): Promise<void> {
  let seed = 7;
  const random = (max: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % max;
  const subject = () => `user_${random(ACCOUNTS)}`;
  const ids: string[] = [];
  const operations: readonly ((id: string) => Promise<unknown>)[] = [
    () => keys.issue({ subject: subject(), scopes: [], name: `key ${random(9)}` }),
    (id) => keys.update(id, { name: `key ${random(9)}`, scopes: random(2) ? ['a'] : [] }),
    (id) => keys.update(id, { expiresAt: random(2) ? Date.now() + 60_000 : null }),
    (id) => keys.disable(id),
    (id) => keys.enable(id),
    (id) => keys.rotate(id, { overlapMs: random(2) * 60_000 }),
    (id) => (random(3) === 0 ? keys.revoke(id) : Promise.resolve()),
    () => (random(40) === 0 ? keys.revokeAll({ subject: subject() }) : Promise.resolve()),
    () => (random(40) === 0 ? keys.prune({ olderThanMs: 0 }) : Promise.resolve()),
  ];
  for (let step = 0; step < steps; step++) {
    const id = ids[random(ids.length || 1)] ?? 'none';
    const result = await operations[random(operations.length)]?.(id);
    if (typeof result === 'object' && result !== null && 'secret' in result) {
      ids.push((result as unknown as { readonly record: PublicRecord }).record.id);
    }
  }
}

async function listAll(keys: ManagedVerifier): Promise<readonly PublicRecord[]> {
  const all: PublicRecord[] = [];
  let page: readonly PublicRecord[];
  do {
    const last = all.at(-1)?.id;
    page = await keys.list(last === undefined ? { limit: 1_000 } : { limit: 1_000, after: last });
    all.push(...page);
  } while (page.length === 1_000);
  return all;
}
