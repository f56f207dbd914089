import { apiKeys, latchkey } from 'latchkey';
import { redisStore } from 'latchkey/redis';

import { type RedisServer, startRedis } from '../support/redis';
import { CLIENTS } from '../support/redis-clients';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;) {
    // Nothing else runs.
  }
}

it.each(Object.entries(CLIENTS))(
  'with %s, a blocked event loop makes no outage of responses that have arrived',
  async (_name, connect) => {
    const { client, ready, close } = connect(server.port);
    await ready;
    const keys = apiKeys({ prefix: 'osir', store: redisStore({ client }) });
    const api = latchkey({ verifiers: [keys], cache: false, timeoutMs: 200 });
    const { secret } = await keys.issue({ subject: 'acct_42', scopes: [] });
    const check = () => api.check({ method: 'GET', headers: { 'x-api-key': secret } });

    try {
      for (let round = 0; round < 5; round++) {
        const pending = [check(), check()];
        // The commands are sent before the event loop is blocked.
        await new Promise((resolve) => setImmediate(resolve));
        block(700);
        const statuses = (await Promise.all(pending)).map(({ status }) => status);
        expect(statuses).toEqual(['authenticated', 'authenticated']);
      }
    } finally {
      await api.close();
      close();
    }
  },
);
