import { codedError } from '../../internal/errors';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeRevocation, type RevocationEvent } from '../../credential/revocation';
import type { CredentialStore } from '../store';
import type { RedisDriver } from './detect-driver';

/** A connection that only listens would not notice that it is dead. */
const PING_EVERY_MS = 2_000;
const ANSWER_WITHIN_MS = 3_000;
const RETRY_AFTER_MS = 250;

/** One subscription for all who watch, from the first of them to the last. */
export function revocationsFrom(library: RedisDriver, channel: string): CredentialStore['subscribe'] {
  const listeners = new Set<{ readonly tell: (mark: RevocationEvent) => void }>();
  let stop: (() => Promise<void>) | undefined;

  const hear = (message: string) => {
    const mark = readMark(message);
    if (mark) for (const { tell } of listeners) attempt(() => tell(mark));
  };

  return (tell) => {
    const listener = { tell };
    listeners.add(listener);
    stop ??= subscribe(library, channel, hear);
    return async () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      const stopping = stop?.();
      stop = undefined;
      await stopping;
    };
  };
}

/** Listens on a connection of its own, and on a new one whenever that is in trouble, until it is stopped. */
function subscribe(library: RedisDriver, channel: string, hear: (message: string) => void): () => Promise<void> {
  let stopped = false;
  let interrupt = () => {};

  const listenOnce = async () => {
    const subscriber = await library.subscriber();
    await new Promise<void>((over) => {
      interrupt = over;
      if (stopped) return over();
      const live = async () => {
        await orLate(subscriber.open(channel, hear, over));
        for (;;) {
          await sleep(PING_EVERY_MS, undefined, { ref: false });
          await orLate(subscriber.ping());
        }
      };
      live().catch(over);
    });
    subscriber.close();
  };
  const pause = () =>
    new Promise<void>((over) => {
      interrupt = over;
      setTimeout(over, RETRY_AFTER_MS).unref();
    });
  const listen = async () => {
    while (!stopped) {
      await listenOnce().catch(() => {});
      if (!stopped) await pause();
    }
  };

  const listening = listen();
  return () => {
    stopped = true;
    interrupt();
    return listening;
  };
}

/** Rejects when the answer is late. Its timer does not keep the process alive. */
const orLate = (answer: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    answer,
    sleep(ANSWER_WITHIN_MS, undefined, { ref: false }).then(() => {
      throw codedError('ERR_LATCHKEY_STORE', 'No answer');
    }),
  ]);

/** What is no mark is not for us: anyone may publish on a channel. */
function readMark(message: string): RevocationEvent | undefined {
  try {
    return decodeRevocation(JSON.parse(message));
  } catch {
    return undefined;
  }
}

/** A listener that throws is no harm to the others. */
function attempt(call: () => void): void {
  try {
    call();
  } catch {
    // There is nobody here to tell.
  }
}
