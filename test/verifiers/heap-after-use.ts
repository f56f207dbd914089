/* A program: uses keys as clients do, forgets them, but not their records and principals, and prints how many of them its memory still holds. */
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { getHeapSnapshot } from 'node:v8';

import { apiKeys, getAuth, latchkey, memoryStore } from '../../src/index';

const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
const { authenticate, close } = latchkey({ verifiers: [keys] });
const guard = authenticate();
const remembered: unknown[] = [];
const server = createServer((req, res) =>
  guard(req, res, () => (remembered.push(getAuth(req)), res.end())),
);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

/**
 * A request with the key, answered; the key's bytes, which are outside the heap that a snapshot
 * shows.
 */
async function used(): Promise<Buffer> {
  const { secret, record } = await keys.issue({ subject: 'acct_42', scopes: [] });
  remembered.push(
    record,
    await keys.rotate(record.id, { overlapMs: 60_000 }).then((issued) => issued?.record),
  );
  const bytes = Buffer.from(secret);
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(
    Buffer.concat([
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer '),
      bytes,
      Buffer.from('\r\n\r\n'),
    ]),
  );
  const answer = await text(socket);
  if (!answer.startsWith('HTTP/1.1 200 ')) {
    throw new Error(answer);
  }
  return bytes;
}

const secrets: Buffer[] = [];
for (let n = 0; n < 20; n++) {
  secrets.push(await used());
}
const { secret: kept } = await keys.issue({ subject: 'acct_42', scopes: [] });
server.close();
await close();
// V8 remembers what the last regular expression matched.
/x/.test('x');
globalThis.gc?.();

const chunks: Buffer[] = [];
for await (const chunk of getHeapSnapshot()) {
  chunks.push(chunk as Buffer);
}
const snapshot = Buffer.concat(chunks);
/** The randomness alone, without prefix and checksum. */
const isIn = (bytes: Buffer) => snapshot.includes(bytes.subarray('osir_live_'.length, -6));
console.log(
  JSON.stringify({
    forgotten: secrets.filter(isIn).length,
    kept: isIn(Buffer.from(kept)),
    remembered: remembered.length,
  }),
);
