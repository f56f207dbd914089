import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

import { startDeadline, withDeadline } from '../../src/internal/promises';

/** A server on a thread of its own, which answers while the event loop of the test is blocked. */
const SERVER = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer((socket) => socket.pipe(socket));
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

const TIMEOUT_MS = 50;

let worker: Worker;
let socket: Socket;
beforeAll(async () => {
  worker = new Worker(SERVER, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
});
afterAll(async () => {
  socket.destroy();
  await worker.terminate();
});

function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;) {
    // Nothing else runs.
  }
}

it('a response that arrives while the event loop is blocked is in time', async () => {
  const answer = once(socket, 'data');
  socket.write('yes');
  const pending = withDeadline(answer, TIMEOUT_MS);
  block(6 * TIMEOUT_MS);

  await expect(pending).resolves.toEqual([Buffer.from('yes')]);
});

it('without a response, a deadline that passed while the event loop was blocked expires', async () => {
  const pending = withDeadline(once(socket, 'data'), TIMEOUT_MS);
  block(6 * TIMEOUT_MS);

  await expect(pending).rejects.toThrow('No result within 50 ms');
});

it('a deadline can be cancelled after its timer and before its end', async () => {
  const expire = jest.fn();
  const cancel = startDeadline(expire, 0);
  while (expire.mock.calls.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const late = startDeadline(expire, 0);
  const cancelled = new Promise<void>((resolve) => {
    setTimeout(() => {
      late();
      resolve();
    }, 0);
  });
  // Both timers are due when the event loop goes on, so they run before anything is read.
  block(5);
  await cancelled;
  cancel();
  await new Promise((resolve) => setImmediate(resolve));

  expect(expire).toHaveBeenCalledTimes(1);
});
