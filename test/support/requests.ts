import { Agent, get } from 'node:http';

/** One who asks over connections that stay open. */
export interface Asker {
  /** The status of the answer; where none came, why. */
  readonly ask: (port: number, secret: string) => Promise<number | string>;
  readonly close: () => void;
}

/** No answer by then is no answer at all. */
const HANGS_AFTER_MS = 10_000;

/** One who shows a secret as `X-API-Key`, or in other headers. */
export function asker(
  headersOf: (secret: string) => Readonly<Record<string, string>> = (secret) => ({
    'x-api-key': secret,
  }),
): Asker {
  const agent = new Agent({ keepAlive: true });
  return {
    ask: (port, secret) =>
      new Promise((resolve) => {
        const request = get({
          agent,
          host: '127.0.0.1',
          port,
          headers: headersOf(secret),
          timeout: HANGS_AFTER_MS,
        });
        request.on('response', (response) =>
          response.resume().on('end', () => resolve(response.statusCode ?? 'no status')),
        );
        request.on('timeout', () =>
          request.destroy(new Error(request.socket?.connecting ? 'no connection' : 'no answer')),
        );
        request.on('error', ({ message }) => resolve(message));
      }),
    close: () => agent.destroy(),
  };
}

/** Does it again and again, so many at once, until there is nothing more to do. */
export async function atOnce(
  count: number,
  more: () => boolean,
  act: () => Promise<unknown>,
): Promise<void> {
  const worker = async () => {
    while (more()) {
      await act();
    }
  };
  await Promise.all(Array.from({ length: count }, worker));
}

/** How often each came. */
export class Tally {
  readonly counts: Record<string, number> = {};
  add(...what: readonly (string | number)[]): void {
    const name = what.join(' ');
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
  /** What came at all, sorted. */
  get seen(): readonly string[] {
    return Object.keys(this.counts).sort();
  }
}
