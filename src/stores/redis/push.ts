import { setTimeout as sleep } from 'node:timers/promises';
import type { RevocationMark } from '../../credential/revocation';
import { withDeadline } from '../../promises';
import type { CredentialStore } from '../store';
import type { Library } from './library';

const OPEN_WITHIN_MS = 5_000;
const RETRY_AFTER_MS = 250;

/** One subscription for all who watch, from the first of them to the last. */
export function marksFrom(library: Library, channel: string): CredentialStore['watch'] {
  const listeners = new Set<{ readonly tell: (mark: RevocationMark) => void }>();
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
function subscribe(library: Library, channel: string, hear: (message: string) => void): () => Promise<void> {
  const stopped = new AbortController();
  const { signal } = stopped;

  const listenOnce = async () => {
    const subscriber = library.subscriber();
    await new Promise<unknown>((over) => {
      signal.addEventListener('abort', over, { once: true });
      withDeadline(subscriber.open(channel, hear, () => over(undefined)), OPEN_WITHIN_MS).catch(over);
    });
    subscriber.close();
  };
  const listen = async () => {
    while (!signal.aborted) {
      await listenOnce();
      await sleep(RETRY_AFTER_MS, undefined, { signal }).catch(() => {});
    }
  };

  const listening = listen();
  return () => {
    stopped.abort();
    return listening;
  };
}

const KINDS: ReadonlySet<unknown> = new Set<RevocationMark['kind']>(['digest', 'credential', 'subject', 'client', 'grant']);

/** What is no mark is not for us: anyone may publish on a channel. */
function readMark(message: string): RevocationMark | undefined {
  try {
    const mark = JSON.parse(message) as RevocationMark | null;
    return KINDS.has(mark?.kind) && typeof mark?.id === 'string' && Number.isFinite(mark.at) ? mark : undefined;
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
