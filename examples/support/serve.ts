import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request to try: what it shows, and the arguments of its curl line after the URL. */
export type Trial = readonly [shows: string, path: string, ...curlArguments: string[]];

/** Starts an example on 127.0.0.1 (`PORT`, 3000 by default) and prints requests to try, ready to paste. */
export function serve(title: string, app: RequestListener, trials: readonly Trial[]): Server {
  const server = createServer(app);
  server.on('error', (error: NodeJS.ErrnoException) => {
    const hint = error.code === 'EADDRINUSE' ? ': the port is taken; choose another with PORT=…' : '';
    console.error(`${error.message}${hint}`);
    process.exitCode = 1;
  });
  server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    console.log(`${title} on ${origin}\n`);
    for (const [shows, path, ...curlArguments] of trials) {
      console.log(`# ${shows}\ncurl -i '${origin}${path}'${curlArguments.map((argument) => ` ${argument}`).join('')}\n`);
    }
  });
  return server;
}

/** A header as curl takes it. */
export const header = (name: string, value: string): string => `-H '${name}: ${value}'`;
