import { assertBuilt } from '../support/built';
import { bearing, commandOf, type Example, startExample } from '../support/examples';
import { readJson, ROOT } from '../support/package';

interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
}

const dashboard = readJson<Dashboard>(`${ROOT}/examples/observability/dashboard.json`);
let example: Example;

beforeAll(async () => {
  assertBuilt();
  example = await startExample(commandOf('observability'));
});
afterAll(() => example.stop());

const secretIn = (prefix: string) =>
  new RegExp(`Bearer (${prefix}_live_\\w{20,})`).exec(example.printed)?.[1] as string;

const metrics = async () => (await fetch(`${example.fact('url')}/metrics`)).text();

test('the example counts and logs each decision, without a secret', async () => {
  const secrets = [secretIn('acme'), secretIn('lost')];
  for (const token of [...secrets, 'acme_live_wrong']) {
    await example.ask('/v1/domains', { headers: bearing(token) });
  }
  const body = await metrics();
  const label = (outcome: string, reason: string) =>
    `latchkey_decisions_total{latchkey_outcome="${outcome}",latchkey_reason="${reason}",latchkey_verifier="api_keys"} 1`;
  expect(body).toContain(label('authenticated', ''));
  expect(body).toContain(label('refused', 'malformed'));
  expect(body).toContain(label('refused', 'unavailable'));
  expect(body).toContain(
    'latchkey_credential_changes_total{latchkey_action="issued",latchkey_credential_kind="api_key"} 2',
  );

  const lines = example
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'));
  const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(logged).toMatchObject([
    { level: 30, action: 'issued', actor: 'admin_7' },
    { level: 30, action: 'issued' },
    { level: 50, reason: 'unavailable', err: { message: 'connect ECONNREFUSED' } },
    { level: 40, reason: 'malformed', extractor: 'bearer', status: 401 },
  ]);
  for (const secret of secrets) {
    expect(lines.join('\n') + body).not.toContain(secret);
  }
});

test('the dashboard queries only metrics and labels that the example has', async () => {
  const body = await metrics();
  const known = new Set(body.match(/\blatchkey_\w+/g));
  const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const named = queries.flatMap((query) => query.match(/\blatchkey_\w+/g) ?? []);
  expect(queries).toHaveLength(8);
  // Nothing happened to the store, so its labels are not there yet.
  const storeLabels = ['latchkey_store_name', 'latchkey_store_event'];
  expect(named.filter((name) => !known.has(name) && !storeLabels.includes(name))).toEqual([]);
});
