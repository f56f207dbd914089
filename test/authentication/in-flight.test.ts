import { flights } from '../../src/authentication/in-flight';
import { deferred } from '../support/deferred';

const never = new Promise<never>(() => {});

it('lets those who ask the same wait for one answer', async () => {
  const lookUps = flights<string>();
  const source = deferred<string>();
  const started = lookUps.start('question', source.promise);
  expect(lookUps.join('question')).toBe(started);
  expect(lookUps.join('another question')).toBeUndefined();
  source.resolve('answer');
  await expect(started).resolves.toBe('answer');
});

test.each([
  ['answered', () => Promise.resolve('answer')],
  ['failed', () => Promise.reject(new Error('down'))],
])('hands on nothing of a flight that has %s', async (_, answer) => {
  const lookUps = flights<string>();
  await lookUps.start('question', answer()).catch(() => undefined);
  expect(lookUps.join('question')).toBeUndefined();
});

it('lets nobody join once it is to forget, and answers those who did', async () => {
  const lookUps = flights<string>();
  const source = deferred<string>();
  const started = lookUps.start('question', source.promise);
  lookUps.forget();
  expect(lookUps.join('question')).toBeUndefined();
  source.resolve('answer');
  await expect(started).resolves.toBe('answer');
});

it('forgets only its own flight where the same question was asked twice', async () => {
  const lookUps = flights<string>();
  const first = lookUps.start('question', Promise.resolve('first'));
  const second = lookUps.start('question', never);
  await first;
  expect(lookUps.join('question')).toBe(second);
});

it('is full at 4,096 flights, whether they ask the same, are forgotten or not, and has room again as they end', async () => {
  const lookUps = flights<string>();
  const sources = Array.from({ length: 4_096 }, () => deferred<string>());
  const [one, ...others] = sources.map(({ promise }, n) => {
    if (n === 4_095) expect(lookUps.full).toBe(false);
    return lookUps.start(`question ${n % 2_000}`, promise);
  });
  lookUps.forget();
  expect(lookUps.full).toBe(true);
  sources[0]?.resolve('answer');
  await one;
  expect(lookUps.full).toBe(false);
  sources.forEach(({ resolve }, n) => resolve(n % 2 === 0 ? 'answer' : Promise.reject(new Error('down'))));
  await Promise.allSettled(others);
  expect(lookUps.full).toBe(false);
});
