import { debuglog } from 'node:util';
import { withDeadline } from '../../internal/promises';

/** What is used of a `pg.Client`. */
export interface ListenClient {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  end(): Promise<unknown>;
  on(event: 'notification', listener: (message: { readonly payload?: string | undefined }) => void): unknown;
  on(event: 'error' | 'end', listener: () => void): unknown;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** A connection that died without a word is found out by asking. */
const ASK_EVERY_MS = 10_000;
const ANSWER_WITHIN_MS = 5_000;

const debug = debuglog('latchkey');

/**
 * Hears a channel of PostgreSQL on a connection of its own, and opens another whenever that is lost. What was said in between is
 * lost for good, and nobody can tell what it was: the cache's `ttlMs` is the bound. Returns the end of it.
 */
export function keepListening(listen: () => ListenClient, channel: string, hear: (payload: string) => void): () => Promise<void> {
  let ended = false;
  /** Ends what is being waited for. */
  let wake = () => {};

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function listenOnce(): Promise<void> {
    const client = listen();
    let asking: NodeJS.Timeout | undefined;
    const lost = new Promise<void>((resolve) => {
      wake = resolve;
      client.on('error', resolve);
      client.on('end', resolve);
    });
    client.on('notification', ({ payload = '' }) => hear(payload));
    try {
      const listening = client.connect().then(() => client.query(`LISTEN ${channel}`));
      await withDeadline(Promise.race([listening, lost]), ANSWER_WITHIN_MS);
      const silent = new Promise<never>((_, reject) => {
        asking = setInterval(() => void withDeadline(client.query('SELECT 1'), ANSWER_WITHIN_MS).catch(reject), ASK_EVERY_MS).unref();
      });
      await Promise.race([lost, silent]);
    } finally {
      clearInterval(asking);
      await withDeadline(client.end(), ANSWER_WITHIN_MS).catch(() => undefined);
    }
  }

  async function keepOn(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !ended; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const began = Date.now();
      await listenOnce().catch((error: unknown) => debug('sqlStore: cannot listen: %s', error instanceof Error ? error.message : ''));
      if (Date.now() - began > LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS;
      // Not all at the same moment, when a server comes back to many who wait for it.
      if (!ended) await pause(pauseMs * (0.5 + Math.random() / 2));
    }
  }

  const over = keepOn();
  return async () => {
    ended = true;
    wake();
    await over;
  };
}
