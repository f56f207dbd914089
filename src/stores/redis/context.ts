import type { Listeners } from '../listeners';
import type { Connection } from './connection';
import type { Keys } from './keys';
import type { KindScan } from './kind-scan';
import type { KindIndex } from './kinds';
import type { OwnerIndex } from './owners';

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
