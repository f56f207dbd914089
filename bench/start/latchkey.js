import { performance } from 'node:perf_hooks';

// From an empty process to the first accepted request.
const startedAt = performance.now();
const before = process.cpuUsage();
const { apiKeys, latchkey, memoryStore } = await import('../../dist/index.js');
const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
const { requireScopes } = latchkey({ scopes: ['domains:read'], verifiers: [keys] });
const guard = requireScopes('domains:read');
const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] });
// Loaded as Express does: an ES import of node:http would load all of undici.
const { IncomingMessage, ServerResponse } = process.getBuiltinModule('node:http');
const { Socket } = process.getBuiltinModule('node:net');
const req = Object.assign(new IncomingMessage(new Socket()), {
  headers: { authorization: `Bearer ${secret}` },
});
await new Promise((resolve) => guard(req, new ServerResponse(req), resolve));
const { user, system } = process.cpuUsage(before);
process.send({ waited: performance.now() - startedAt, worked: (user + system) / 1_000 });
