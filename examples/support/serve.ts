import { createServer, type RequestListener, type Server } from 'node:http';

/** The origin of the example, at `PORT`, 3000 by default. */
export const origin = `http://127.0.0.1:${process.env.PORT ?? 3000}`;

/** A title, the expected status, and the commands. */
export type Step = readonly [shows: string, ...lines: string[]];

/** Starts an example, and prints its credentials and a walk-through to paste into a shell. */
export function serve(
  title: string,
  app: RequestListener,
  steps: readonly Step[],
  facts: Readonly<Record<string, string>> = {},
): Server {
  const server = createServer(app);
  server.on('error', (error: NodeJS.ErrnoException) => {
    const hint =
      error.code === 'EADDRINUSE' ? ': the port is taken; choose another with PORT=…' : '';
    console.error(`${error.message}${hint}`);
    process.exitCode = 1;
  });
  server.listen(Number(new URL(origin).port), '127.0.0.1', () => {
    console.log(`${title}\n`);
    for (const [name, value] of Object.entries({ url: origin, ...facts })) {
      console.log(`${name}: ${value}`);
    }
    console.log('');
    for (const [shows, ...lines] of steps) {
      console.log(`# ${shows}\n${lines.join('\n')}\n`);
    }
  });
  return server;
}

export const curl = (path: string, ...args: readonly string[]): string =>
  [`curl -i '${origin}${path}'`, ...args].join(' ');

/** A header as a curl option. */
export const header = (name: string, value: string): string => `-H "${name}: ${value}"`;

export const bearing = (token: string): string => header('Authorization', `Bearer ${token}`);
