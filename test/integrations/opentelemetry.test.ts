import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';

import {
  type Context,
  context,
  type ContextManager,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { apiKeys, latchkey, memoryStore } from 'latchkey';
import { instrument } from 'latchkey/opentelemetry';

const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const meterProvider = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter: metricExporter })],
});
const spanExporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(spanExporter)],
});
const tracer = tracerProvider.getTracer('test');

/** The context manager of OpenTelemetry's SDK for Node, in short. */
class LocalContexts implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();
  active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT;
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.storage.run(active, () => fn.apply(thisArg as never, args));
  }
  bind<T>(_context: Context, target: T): T {
    return target;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    return this;
  }
}

const store = memoryStore();
const keys = apiKeys({ prefix: 'acme', store });
const lost = apiKeys({
  prefix: 'lost',
  store: {
    find: () => Promise.reject(Object.assign(new Error('secret host'), { code: 'ECONNREFUSED' })),
  },
});
const { check } = latchkey({ scopes: ['read', 'write'], verifiers: [keys, lost] });
let stop = (): void => undefined;
let secret: string;
let credentialId: string;

beforeAll(async () => {
  context.setGlobalContextManager(new LocalContexts());
  const issued = await keys.issue({ subject: 'acct_42', scopes: ['read'] });
  ({ secret } = issued);
  credentialId = issued.record.id;
});
beforeEach(async () => {
  await meterProvider.forceFlush();
  metricExporter.reset();
  spanExporter.reset();
});
afterEach(() => stop());
afterAll(async () => {
  context.disable();
  await meterProvider.shutdown();
});

const bearing = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** What was exported of a metric: the value of each set of attributes. */
async function pointsOf(name: string) {
  await meterProvider.forceFlush();
  const found = metricExporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .filter(({ descriptor }) => descriptor.name === name);
  return found.flatMap(({ dataPoints, descriptor }) =>
    dataPoints.map(({ attributes, value }) => ({ attributes, value, unit: descriptor.unit })),
  );
}

const AUTHENTICATED = {
  'latchkey.outcome': 'authenticated',
  'latchkey.extractor': 'bearer',
  'latchkey.verifier': 'api_keys',
};

describe('metrics', () => {
  test('count decisions by outcome, reason, extractor, verifier and status', async () => {
    stop = instrument({ meterProvider });
    await check(bearing(secret), { scopes: ['read'] });
    await check(bearing(secret), { scopes: ['read'] });
    await check(bearing(secret), { scopes: ['write'] });
    await check({ headers: {} });
    expect(await pointsOf('latchkey.decisions')).toEqual([
      { unit: '{decision}', value: 2, attributes: AUTHENTICATED },
      {
        unit: '{decision}',
        value: 1,
        attributes: {
          ...AUTHENTICATED,
          'latchkey.outcome': 'refused',
          'latchkey.reason': 'insufficient_scope',
          'http.response.status_code': 403,
        },
      },
      { unit: '{decision}', value: 1, attributes: { 'latchkey.outcome': 'anonymous' } },
    ]);
  });

  test('measure the duration of decisions in seconds', async () => {
    stop = instrument({ meterProvider });
    await check(bearing(secret), { scopes: ['read'] });
    const [point] = await pointsOf('latchkey.decision.duration');
    expect(point).toMatchObject({ unit: 's', attributes: AUTHENTICATED, value: { count: 1 } });
    const { sum, buckets } = point?.value as { sum: number; buckets: { boundaries: number[] } };
    expect(sum).toBeGreaterThan(0);
    expect(buckets.boundaries).toContain(0.000_05);
  });

  test('name the class of an outage, never its message', async () => {
    stop = instrument({ meterProvider });
    const key = await apiKeys({ prefix: 'lost', store }).issue({ subject: 'a', scopes: [] });
    await check(bearing(key.secret), { scopes: [] });
    const [point] = await pointsOf('latchkey.decisions');
    expect(point?.attributes).toMatchObject({
      'latchkey.reason': 'unavailable',
      'http.response.status_code': 503,
      'error.type': expect.stringMatching(/^\w+$/) as string,
    });
    expect(JSON.stringify(point)).not.toContain('secret host');
  });

  test('count the changes of credentials', async () => {
    stop = instrument({ meterProvider });
    const { record } = await keys.issue({ subject: 'acct_7', scopes: [] });
    await keys.revoke(record.id);
    expect(await pointsOf('latchkey.credential.changes')).toEqual(
      ['issued', 'revoked'].map((action) => ({
        unit: '{change}',
        value: 1,
        attributes: { 'latchkey.action': action, 'latchkey.credential.kind': 'api_key' },
      })),
    );
  });

  test.each([
    [
      'latchkey:store',
      { store: 'redis', event: 'usage_lost', error: new TypeError('x'), count: 12 },
      'latchkey.store.usage_lost',
      { 'latchkey.store.name': 'redis' },
      12,
    ],
    [
      'latchkey:store',
      { store: 'redis', event: 'subscribe_failed', error: { code: 'not a word' } },
      'latchkey.store.events',
      {
        'latchkey.store.name': 'redis',
        'latchkey.store.event': 'subscribe_failed',
        'error.type': '_OTHER',
      },
      1,
    ],
    [
      'latchkey:oauth-refusal',
      { endpoint: 'token', status: 400, error: 'invalid_grant', clientId: 'app' },
      'latchkey.oauth.refusals',
      {
        'latchkey.oauth.endpoint': 'token',
        'http.response.status_code': 400,
        'error.type': 'invalid_grant',
      },
      1,
    ],
    [
      'latchkey:client',
      { action: 'registered', clientId: 'app' },
      'latchkey.client.changes',
      { 'latchkey.action': 'registered' },
      1,
    ],
    [
      'latchkey:grant',
      { action: 'revoked', grantId: 'g' },
      'latchkey.grant.changes',
      { 'latchkey.action': 'revoked' },
      1,
    ],
    [
      'latchkey:management',
      { method: 'GET', path: '/keys', error: new RangeError('x') },
      'latchkey.management.outages',
      { 'http.request.method': 'GET', 'error.type': 'RangeError' },
      1,
    ],
  ])('count events of %s: %j', async (name, event, metric, attributes, value) => {
    stop = instrument({ meterProvider });
    channel(name).publish(event);
    expect(await pointsOf(metric)).toEqual([
      { unit: expect.any(String) as string, attributes, value },
    ]);
  });
});

describe('spans', () => {
  test('get the attributes of the decision of their request', async () => {
    stop = instrument({ meterProvider });
    await Promise.all(
      [secret, 'acme_live_wrong'].map((token) =>
        tracer.startActiveSpan('GET /domains', async (span) => {
          await check(bearing(token), { scopes: ['read'] });
          span.end();
        }),
      ),
    );
    const attributes = spanExporter.getFinishedSpans().map((span) => span.attributes);
    expect(attributes).toHaveLength(2);
    expect(attributes).toEqual(
      expect.arrayContaining([
        { ...AUTHENTICATED, 'latchkey.credential.id': credentialId },
        {
          ...AUTHENTICATED,
          'latchkey.outcome': 'refused',
          'latchkey.reason': 'malformed',
          'latchkey.detail': expect.any(String) as string,
        },
      ]),
    );
  });

  test('name the subject only with endUser', async () => {
    stop = instrument({ meterProvider, endUser: true });
    await tracer.startActiveSpan('GET /domains', async (span) => {
      await check(bearing(secret), { scopes: ['read'] });
      span.end();
    });
    expect(spanExporter.getFinishedSpans()[0]?.attributes).toMatchObject({
      'enduser.id': 'acct_42',
    });
  });

  test('are created for each decision with a tracerProvider, inside the active span', async () => {
    stop = instrument({ meterProvider, tracerProvider });
    const key = await apiKeys({ prefix: 'lost', store }).issue({ subject: 'a', scopes: [] });
    await tracer.startActiveSpan('GET /domains', async (span) => {
      await check(bearing(key.secret), { scopes: ['read'] });
      span.end();
    });
    const [decision, parent] = spanExporter.getFinishedSpans();
    expect(decision).toMatchObject({
      name: 'latchkey.decision',
      parentSpanContext: parent?.spanContext(),
      attributes: { 'latchkey.reason': 'unavailable', 'http.response.status_code': 503 },
      status: { code: 2 },
    });
    expect(parent?.attributes).not.toHaveProperty('http.response.status_code');
  });

  test('need not be there', async () => {
    stop = instrument({ meterProvider });
    expect(trace.getActiveSpan()).toBeUndefined();
    await expect(check(bearing(secret))).resolves.toMatchObject({ status: 'authenticated' });
  });
});

const CHANNELS = [
  'latchkey:decision',
  'latchkey:credential',
  'latchkey:client',
  'latchkey:grant',
  'latchkey:store',
  'latchkey:oauth-refusal',
  'latchkey:management',
];

test('the import subscribes to nothing, and neither does anything after stop()', () => {
  const subscribed = () => CHANNELS.filter((name) => channel(name).hasSubscribers);
  expect(subscribed()).toEqual([]);
  stop = instrument({ meterProvider });
  expect(subscribed()).toEqual(CHANNELS);
  stop();
  expect(subscribed()).toEqual([]);
});

test('without options the global provider is used', async () => {
  stop = instrument();
  await expect(check(bearing(secret))).resolves.toMatchObject({ status: 'authenticated' });
});

test.each([
  [{ meterProvider: {} }, 'option "meterProvider" must be an object with getMeter()'],
  [{ tracerProvider: 1 }, 'option "tracerProvider" must be an object with getTracer()'],
  [{ endUser: 'yes' }, 'option "endUser" must be true or false'],
  [{ meter: 1 }, 'unknown option "meter"'],
])('rejects the options %j', (options, message) => {
  expect(() => instrument(options as never)).toThrow(
    expect.objectContaining({
      code: 'ERR_LATCHKEY_OPTION',
      message: expect.stringContaining(message) as string,
    }),
  );
});
