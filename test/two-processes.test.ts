import { assertBuilt } from './support/built';
import { ROOT } from './support/package';
import { startPostgres } from './support/postgres';
import { run } from './support/programs';
import { startRedis } from './support/redis';

const STORES = {
  async Redis() {
    const server = await startRedis();
    return { url: `redis://127.0.0.1:${server.port}`, close: server.stop };
  },
  PostgreSQL: startPostgres,
};

describe('examples/two-processes.ts, on the built package', () => {
  beforeAll(assertBuilt);

  it.each(Object.entries(STORES))(
    'sees a revocation arrive at the other process, on %s',
    async (_, start) => {
      const { url, close } = await start();
      const command = [
        'npx',
        '--no-install',
        'tsx',
        '--tsconfig',
        'examples/support/tsconfig.dist.json',
        'examples/two-processes.ts',
      ] as const;
      const printed = await run(ROOT, command, { LATCHKEY_STORE: url }).finally(close);
      const origin = 'http://127\\.0\\.0\\.1:\\d+';
      const lines = [
        `(${origin}) accepts the key: 200`,
        `(${origin}) accepts the key: 200`,
        '\\1 revokes it: 204',
        '\\2 rejects it: 401, at request \\d+, \\d+ ms after the revocation',
      ];
      expect(printed).toMatch(new RegExp(`^${lines.join('\n')}\n$`));
    },
    60_000,
  );
});
