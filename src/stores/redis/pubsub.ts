import { decodeRevocation, type RevocationEvent } from '../../credential/revocation';
import type { Listeners } from '../listeners';
import { keepSubscribed } from '../subscription';
import type { RedisDriver } from './driver';
import { RedisError } from './error';

/**
 * Notifies listeners of what is published on a channel. Returns a function that ends the
 * subscription.
 */
export function listenTo(
  driver: RedisDriver,
  channel: string,
  listeners: Listeners,
): () => Promise<void> {
  const onMessage = (message: string) => {
    const event = parse(message);
    if (event) {
      listeners.notify(event);
    }
  };
  return keepSubscribed({
    store: 'redis',
    connect: () => driver.subscriber(channel, onMessage),
    toError: (error) => RedisError.from('SUBSCRIBE', error),
  });
}

/**
 * Anything else than a revocation is ignored: every client of the server may publish on the
 * channel.
 */
function parse(message: string): RevocationEvent | undefined {
  try {
    return decodeRevocation(JSON.parse(message));
  } catch {
    return undefined;
  }
}
