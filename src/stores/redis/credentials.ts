import { encodeRevocation } from '../../credential/revocation';
import type { CredentialStore } from '../store';
import { createChanges } from './changes';
import type { RedisContext, RedisCredentials } from './context';
import { createInserts } from './inserts';
import { createKindScan } from './kind-scan';
import { createKindIndex } from './kinds';
import { createOwnerIndex } from './owners';
import { createPrune } from './prune';
import { createReads } from './reads';
import { createUsage } from './usage';

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
