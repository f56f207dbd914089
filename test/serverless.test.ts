import serverlessExpress from '@codegenie/serverless-express';
import express from 'express';
import express4 from 'express4';
import { apiKeys, getAuth, latchkey, memoryStore, type RecordedUsage } from 'latchkey';
import serverless from 'serverless-http';

/** An event of API Gateway (payload version 2.0). */
const event = (key?: string) => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: '/v1/domains',
  rawQueryString: '',
  headers: { host: 'api.example.com', ...(key === undefined ? {} : { 'x-api-key': key }) },
  requestContext: {
    http: {
      method: 'GET',
      path: '/v1/domains',
      protocol: 'HTTP/1.1',
      sourceIp: '127.0.0.1',
      userAgent: 'test',
    },
    stage: '$default',
  },
  isBase64Encoded: false,
});
interface Result {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
type Handler = (event: object, context: object) => Promise<Result>;

const ADAPTERS: Readonly<Record<string, (app: express.Express) => Handler>> = {
  'serverless-http': (app) => serverless(app as never) as unknown as Handler,
  '@codegenie/serverless-express': (app) => serverlessExpress({ app }),
};
const EXPRESS = { 'Express 4': express4, 'Express 5': express };
const combinations = Object.entries(ADAPTERS).flatMap(([adapter, adapt]) =>
  Object.entries(EXPRESS).map(([major, create]) => [adapter, major, adapt, create] as const),
);

describe.each(combinations)('a function behind %s on %s', (_adapter, _major, adapt, create) => {
  /** A handler as the guide has it. */
  async function deployed() {
    const inner = memoryStore();
    const recordUsage = jest.fn(async (usage: readonly RecordedUsage[]) =>
      inner.recordUsage(usage),
    );
    const store = { ...inner, recordUsage };
    const keys = apiKeys({ prefix: 'acme', store });
    const { flush, requireScopes } = latchkey({ scopes: ['domains:read'], verifiers: [keys] });
    const app = create();
    app.get(
      '/v1/domains',
      requireScopes('domains:read'),
      (req: express.Request, res: express.Response) => {
        res.json(getAuth(req).subject);
      },
    );
    const handle = adapt(app);
    const errors: Error[] = [];
    const handler: Handler = async (...args) => {
      try {
        return await handle(...args);
      } finally {
        await flush().catch((error: Error) => errors.push(error));
      }
    };
    const { secret, record } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] });
    const useCount = async () => (await inner.findById(record.id))?.useCount;
    return { handler, secret, recordUsage, errors, useCount };
  }

  it('lets a valid key in, rejects a request without one, and has written each use when it ends', async () => {
    const { handler, secret, useCount } = await deployed();
    for (const uses of [1, 2, 3]) {
      await expect(handler(event(secret), {})).resolves.toMatchObject({
        statusCode: 200,
        body: '"acct_42"',
      });
      await expect(useCount()).resolves.toBe(uses);
    }
    await expect(handler(event(), {})).resolves.toMatchObject({ statusCode: 401 });
    await expect(handler(event('acme_live_none'), {})).resolves.toMatchObject({ statusCode: 401 });
    await expect(useCount()).resolves.toBe(3);
  });

  it('responds though the uses cannot be written, and writes them in a later invocation', async () => {
    const { handler, secret, recordUsage, errors, useCount } = await deployed();
    recordUsage.mockRejectedValueOnce(new Error('connect ECONNREFUSED'));
    await expect(handler(event(secret), {})).resolves.toMatchObject({ statusCode: 200 });
    expect(errors).toMatchObject([{ code: 'ERR_LATCHKEY_USAGE', count: 1 }]);
    await handler(event(secret), {});
    await expect(useCount()).resolves.toBe(2);
  });
});
