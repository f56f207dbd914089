import { checkRecord } from '../../credential/record';
import type { CredentialStore } from '../../stores/store';
import { type Cases, demand, type OpenedStore } from './contract';
import { newRecord } from './samples';

/** Damaged rows: they must not become credentials. */
export const damage = <O extends OpenedStore<CredentialStore>>(
  corrupt: (opened: O, id: string) => unknown,
): Cases<O> => ({
  async 'rejects a damaged record, and never returns it or reports it as absent'(opened) {
    const { store, peer } = opened;
    const [damaged, sound] = [newRecord({ scopes: ['a'], metadata: { plan: 'pro' } }), newRecord()];
    await store.insert(damaged);
    await store.insert(sound);
    await corrupt(opened, damaged.id);
    for (const instance of [store, peer]) {
      demand(
        'find() of a damaged record rejects, or returns something that verifiers reject',
        await outcomeOfFind(instance, damaged.digest),
        'an error',
      );
      demand(
        'find() still returns other records after one was damaged',
        await instance.find(sound.digest),
        sound,
      );
    }
  },
});

async function outcomeOfFind(store: CredentialStore, digest: string): Promise<string> {
  try {
    const record = await store.find(digest);
    if (record === undefined) {
      return 'undefined';
    }
    checkRecord(record, digest);
    return 'a record';
  } catch {
    return 'an error';
  }
}
