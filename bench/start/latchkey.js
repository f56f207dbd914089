import { performance } from 'node:perf_hooks';

// From nothing to the first request that was let in.
const startedAt = performance.now();
const before = process.cpuUsage();
const { apiKeys, latchkey, memoryStore } = await import('../../dist/index.js');
const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
const { requireScopes } = latchkey({ scopes: ['domains:read'], verifiers: [keys] });
const guard = requireScopes('domains:read');
const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] });
// As Express has them: an import of the first loads all of undici.
const { IncomingMessage, ServerResponse } = process.getBuiltinModule('node:http');
const { Socket } = process.getBuiltinModule('node:net');
const req = Object.assign(new IncomingMessage(new Socket()), {
  headers: { authorization: `Bearer ${secret}` },
});
await new Promise((resolve) => guard(req, new ServerResponse(req), resolve));
const { user, system } = process.cpuUsage(before);
process.send({ waited: performance.now() - startedAt, worked: (user + system) / 1_000 });
