import { flights } from '../src/flights';
import { deferred } from './support/deferred';

const never = new Promise<never>(() => {});

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] }));
afterEach(() => void jest.useRealTimers());

it('lets those who ask the same wait for one answer', async () => {
  const lookUps = flights<string>(1_000);
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
  const lookUps = flights<string>(1_000);
  await lookUps.start('question', answer()).catch(() => undefined);
  expect(lookUps.join('question')).toBeUndefined();
});

it('hands on nothing of a flight that is past its deadline', async () => {
  const lookUps = flights<string>(1_000);
  const started = lookUps.start('question', never);
  jest.advanceTimersByTime(1_000);
  await expect(started).rejects.toThrow('No answer within 1000 ms');
  expect(lookUps.join('question')).toBeUndefined();
});

it('forgets only its own flight where the same question was asked twice', async () => {
  const lookUps = flights<string>(1_000);
  const first = lookUps.start('question', Promise.resolve('first'));
  const second = lookUps.start('question', never);
  await first;
  expect(lookUps.join('question')).toBe(second);
  jest.advanceTimersByTime(1_000);
  await expect(second).rejects.toThrow();
});

it('is full at 4,096 flights, whether they ask the same or not, and has room again as they end', async () => {
  const lookUps = flights<string>(1_000);
  const source = deferred<string>();
  const one = lookUps.start('question', source.promise);
  const others = Array.from({ length: 4_094 }, (_, n) => lookUps.start(`question ${n % 2_000}`, never));
  expect(lookUps.full).toBe(false);
  others.push(lookUps.start('the last question', never));
  expect(lookUps.full).toBe(true);
  source.resolve('answer');
  await one;
  expect(lookUps.full).toBe(false);
  jest.advanceTimersByTime(1_000);
  const settled = await Promise.allSettled(others);
  expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
  expect(lookUps.full).toBe(false);
});
