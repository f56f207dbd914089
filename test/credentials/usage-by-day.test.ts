import { apiKeys, latchkey, memoryStore } from 'latchkey';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2030, 0, 15, 12);

beforeEach(() => void jest.useFakeTimers({ now: NOW, doNotFake: ['nextTick', 'performance'] }));
afterEach(() => void jest.useRealTimers());

async function usedKey() {
  const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
  const { check } = latchkey({ verifiers: [keys] });
  const { secret, record } = await keys.issue({ subject: 'acct_42', scopes: [] });
  const use = async (times: number) => {
    for (let n = 0; n < times; n++) {
      await check({ headers: { 'x-api-key': secret } });
    }
  };
  return { keys, id: record.id, use };
}

it('counts the requests of each UTC day, also across midnight in one batch', async () => {
  const { keys, id, use } = await usedKey();
  await use(2);
  jest.setSystemTime(Date.UTC(2030, 0, 15, 23, 59, 59, 999));
  await use(1);
  jest.setSystemTime(Date.UTC(2030, 0, 16));
  await use(4);
  expect(await keys.usage(id)).toEqual([
    { day: '2030-01-15', count: 3 },
    { day: '2030-01-16', count: 4 },
  ]);
  expect((await keys.get(id))?.useCount).toBe(7);
});

it('includes the UTC days of both ends of the range, as times or as days', async () => {
  const { keys, id, use } = await usedKey();
  for (const day of [0, 1, 2]) {
    jest.setSystemTime(NOW + day * DAY_MS);
    await use(day + 1);
  }
  const days = async (from?: number | string, to?: number | string) =>
    (
      await keys.usage(id, { ...(from !== undefined && { from }), ...(to !== undefined && { to }) })
    ).map(({ day }) => day);
  const [one, two, three] = ['2030-01-15', '2030-01-16', '2030-01-17'];
  expect(await days()).toEqual([one, two, three]);
  expect(await days(NOW + DAY_MS, NOW + DAY_MS)).toEqual([two]);
  expect(await days('2030-01-16')).toEqual([two, three]);
  expect(await days(0, '2030-01-15')).toEqual([one]);
  expect(await days(three, one)).toEqual([]);
});

it('keeps 90 days', async () => {
  const { keys, id, use } = await usedKey();
  await use(1);
  jest.setSystemTime(NOW + 89 * DAY_MS);
  expect(await keys.usage(id)).toEqual([{ day: '2030-01-15', count: 1 }]);
  jest.setSystemTime(NOW + 90 * DAY_MS);
  expect(await keys.usage(id)).toEqual([]);
});

it('has no days for a key that is unknown or of another kind', async () => {
  const { keys, id } = await usedKey();
  expect(await keys.usage('unknown')).toEqual([]);
  expect(await keys.usage(id)).toEqual([]);
});
