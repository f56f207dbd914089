import { checkRecord } from '../../credential/record';
import type { CredentialStore } from '../../stores/store';
import { type Cases, demand, type OpenedStore } from './contract';
import { newRecord } from './samples';

/** A damaged row must not become a credential. */
export const damage = <O extends OpenedStore<CredentialStore>>(
  corrupt: (opened: O, id: string) => unknown,
): Cases<O> => ({
  async 'takes a damaged record for a fault, never for a record or for none'(opened) {
    const { store, peer } = opened;
    const [damaged, sound] = [newRecord({ scopes: ['a'], metadata: { plan: 'pro' } }), newRecord()];
    for (const record of [damaged, sound]) {
      await store.insert(record);
    }
    await corrupt(opened, damaged.id);
    for (const machine of [store, peer]) {
      const answer = await machine.find(damaged.digest).then(
        (record) => {
          if (record === undefined) {
            return 'undefined';
          }
          return isSound(record, damaged.digest) ? 'a record' : 'a fault';
        },
        () => 'a fault',
      );
      demand(
        'find() of a damaged record rejects, or gives what no verifier takes for a record',
        answer,
        'a fault',
      );
      demand('A damaged record is no harm to another', await machine.find(sound.digest), sound);
    }
  },
});

function isSound(record: unknown, digest: string): boolean {
  try {
    checkRecord(record, digest);
    return true;
  } catch {
    return false;
  }
}
