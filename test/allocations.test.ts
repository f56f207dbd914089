import { ROOT } from './support/package';
import { run } from './support/programs';

jest.setTimeout(60_000);

/**
 * Counts, in the built package, all that guarded requests allocate: in its own functions, and in
 * Node's that these call.
 */
const PROGRAM = `
import { IncomingMessage, ServerResponse } from 'node:http';
import { Session } from 'node:inspector/promises';
import { Socket } from 'node:net';
import { apiKeys, latchkey, memoryStore } from './dist/index.js';

const REQUESTS = 500;
const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
const guard = latchkey({ scopes: ['domains:read'], verifiers: [keys] }).requireScopes('domains:read');
const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] });
const headers = process.env.CARRIER === 'bearer' ? { authorization: 'Bearer ' + secret } : { 'x-api-key': secret };
const socket = new Socket();
const exchange = () => {
  const req = Object.assign(new IncomingMessage(socket), { headers: { ...headers }, rawHeaders: Object.entries(headers).flat() });
  return [req, new ServerResponse(req)];
};
await new Promise((resolve) => guard(...exchange(), resolve));

let passed = 0;
const next = () => void passed++;
const guardAll = (exchanges) => exchanges.forEach(([req, res]) => guard(req, res, next));
// The compiler is done with it then.
for (let n = 0; n < 200; n++) guardAll(Array.from({ length: REQUESTS }, exchange));

const exchanges = Array.from({ length: REQUESTS }, exchange);
passed = 0;
const session = new Session();
session.connect();
await session.post('HeapProfiler.startSampling', {
  samplingInterval: 1,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
});
guardAll(exchanges);
const { profile } = await session.post('HeapProfiler.stopSampling');

const ours = new Set();
function look({ id, callFrame, children }, within) {
  const inside = within || callFrame.url.includes('/dist/');
  if (inside) ours.add(id);
  for (const child of children) look(child, inside);
}
look(profile.head, false);
const made = profile.samples.filter(({ nodeId }) => ours.has(nodeId));
const bytes = made.reduce((sum, { size }) => sum + size, 0);
console.log(JSON.stringify({ passed, objects: made.length / REQUESTS, bytes: bytes / REQUESTS }));
process.exit();
`;

/** Versions of Node differ: 4 to 10, and 11 to 16. */
test.each([
  ['bearer', 12, 450],
  ['key header', 18, 850],
])(
  'a cached credential of the extractor %s allocates at most %i objects, in %i bytes',
  async (extractor, objects, bytes) => {
    const printed = await run(ROOT, ['node', '--input-type=module', '-e', PROGRAM], {
      CARRIER: extractor,
    });
    const counted = JSON.parse(printed) as { passed: number; objects: number; bytes: number };
    expect(counted.passed).toBe(500);
    expect(counted.objects).toBeGreaterThan(1);
    expect(Math.floor(counted.objects)).toBeLessThanOrEqual(objects);
    expect(counted.bytes).toBeLessThanOrEqual(bytes);
  },
);
