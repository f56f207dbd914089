import { encodeRevocation } from '../../credential/revocation';
import type { Listeners } from '../listeners';
import type { CredentialStore } from '../store';
import { createChanges } from './changes';
import type { Connection } from './connection';
import { createInserts } from './inserts';
import type { Keys } from './keys';
import { createKindScan, type KindScan } from './kind-scan';
import { createKindIndex, type KindIndex } from './kinds';
import { createOwnerIndex, type OwnerIndex } from './owners';
import { createPrune } from './prune';
import { createReads } from './reads';
import { createUsage } from './usage';

export interface RedisCredentials {
  readonly connection: Connection;
  readonly keys: Keys;
  /**
   * Those to notify of changes that this store makes, where it is not subscribed to the channel.
   */
  readonly local: Listeners | undefined;
}

/** What the methods of the store share. */
export interface RedisContext extends RedisCredentials {
  readonly owners: OwnerIndex;
  readonly kinds: KindIndex;
  readonly kindScan: KindScan;
}

/** Records, and the lists of their owners. Changes are published on the channel `keys.channel`. */
export function createCredentials(options: RedisCredentials): Omit<CredentialStore, 'subscribe'> {
  const { connection, keys, local } = options;
  const kinds = createKindIndex(connection, keys);
  const context: RedisContext = {
    ...options,
    kinds,
    owners: createOwnerIndex(connection),
    kindScan: createKindScan(connection, keys, kinds),
  };
  return {
    name: 'redis',
    ...createReads(context),
    ...createInserts(context),
    ...createChanges(context),
    ...createUsage(context),
    ...createPrune(context),
    async publish(event) {
      const message = JSON.stringify(encodeRevocation(event));
      await connection.send(keys.channel, ['PUBLISH', keys.channel, message]);
      local?.notify(event);
    },
  };
}
