import { withDeadline } from '../internal/promises';
import type { Listeners } from './listeners';
import type { CredentialStore } from './store';
import { publishStoreEvent } from './store-events';

/** A connection, not opened yet, that is subscribed to one channel. */
export interface SubscriberConnection {
  /**
   * Connects and subscribes. `onLost` is called, any number of times, when the connection fails
   * afterwards.
   */
  open(onLost: (error?: unknown) => void): Promise<unknown>;
  /**
   * Resolves while the connection is alive: one that only receives would not notice that it is
   * dead.
   */
  ping(): Promise<unknown>;
  /** Closes the connection, also while it is being opened. */
  close(): unknown;
}

export interface SubscriptionOptions {
  /** The name of the store, for `latchkey:store`. */
  readonly store: string;
  readonly connect: () => SubscriberConnection;
  /**
   * Makes an error that can be published: a driver's own may contain an address with a password.
   */
  readonly toError: (error: unknown) => Error;
}

const PING_INTERVAL_MS = 2_000;
const RESPONSE_TIMEOUT_MS = 5_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/**
 * A subscription that lasted for this long was a success: the next pause is the first one again.
 */
const STABLE_AFTER_MS = 1_000;

/**
 * Keeps a subscription on a separate connection. A lost connection is replaced after a pause that
 * doubles with each failure. What was published in between is missed. Returns a function that ends
 * the subscription.
 */
export function keepSubscribed(options: SubscriptionOptions): () => Promise<void> {
  const subscription = new Subscription(options);
  const running = subscription.run();
  return () => {
    subscription.stop();
    return running;
  };
}

class Subscription {
  readonly #options: SubscriptionOptions;
  #isStopped = false;
  /** Ends whatever the loop is waiting for. */
  #wake = () => {};

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  async run(): Promise<void> {
    const { store, toError } = this.#options;
    for (let failures = 0; !this.#isStopped;) {
      let subscribedAt = Infinity;
      try {
        await this.#subscribeOnce(() => {
          subscribedAt = performance.now();
          publishStoreEvent({ store, event: 'subscribed' });
        });
      } catch (error) {
        failures = performance.now() - subscribedAt >= STABLE_AFTER_MS ? 1 : failures + 1;
        if (this.#isStopped) {
          return;
        }
        publishStoreEvent({ store, event: 'subscribe_failed', error: toError(error) });
        await this.#pause(failures);
      }
    }
  }

  #interrupted(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  /** Resolves when the subscription is stopped, and rejects when it is lost. */
  async #subscribeOnce(onSubscribed: () => void): Promise<void> {
    const stopped = this.#interrupted();
    const connection = this.#options.connect();
    let stopPings = () => {};
    try {
      const lost = new Promise<never>((_, reject) => {
        const onLost = (error?: unknown) =>
          reject(error instanceof Error ? error : new Error('the connection was closed'));
        const opened = Promise.race([connection.open(onLost), stopped]);
        withDeadline(opened, RESPONSE_TIMEOUT_MS).then(() => {
          if (!this.#isStopped) {
            onSubscribed();
            stopPings = keepPinging(connection, onLost);
          }
        }, onLost);
      });
      await Promise.race([lost, stopped]);
    } finally {
      stopPings();
      const close = async () => connection.close();
      await withDeadline(close(), RESPONSE_TIMEOUT_MS).catch(() => undefined);
    }
  }

  async #pause(failures: number): Promise<void> {
    const ms = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
    // Many instances do not reconnect at the same moment.
    const timer = setTimeout(() => this.#wake(), ms * (0.5 + Math.random() / 2)).unref();
    await this.#interrupted();
    clearTimeout(timer);
  }
}

/** Pings a connection regularly. Returns a function that ends that. */
function keepPinging(
  connection: SubscriberConnection,
  onLost: (error: unknown) => void,
): () => void {
  const ping = async () => connection.ping();
  const pings = setInterval(
    () => void withDeadline(ping(), RESPONSE_TIMEOUT_MS).catch(onLost),
    PING_INTERVAL_MS,
  ).unref();
  return () => clearInterval(pings);
}

/**
 * `subscribe()` of a store: one subscription for all listeners, from the first to the last. `start`
 * begins it.
 */
export function subscribeWhileNeeded(
  listeners: Listeners,
  start: (() => () => Promise<void>) | undefined,
): CredentialStore['subscribe'] {
  let stop: (() => Promise<void>) | undefined;
  return (listener) => {
    const remove = listeners.add(listener);
    stop ??= start?.();
    return async () => {
      remove();
      if (listeners.size > 0) {
        return;
      }
      const stopping = stop?.();
      stop = undefined;
      await stopping;
    };
  };
}
