import { isPromise, withDeadline } from '../../src/internal/promises';
import { deferred } from '../support/deferred';

const never = new Promise<never>(() => {});
const macrotask = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(
  () => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] }),
);
afterEach(() => void jest.useRealTimers());

describe('a result with a deadline', () => {
  it('is the result that arrives in time, and leaves no timer behind', async () => {
    await expect(withDeadline(Promise.resolve('yes'), 1_000)).resolves.toBe('yes');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('rejects with an error that comes in time, as it was thrown, and leaves no timer', async () => {
    const error = new TypeError('connect ECONNREFUSED');
    await expect(withDeadline(Promise.reject(error), 1_000)).rejects.toBe(error);
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([[null], [undefined], ['down'], [0], [{ code: 'ECONNREFUSED' }]])(
    'rejects with an Error where %p was thrown',
    async (thrown) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      const error: unknown = await withDeadline(Promise.reject(thrown), 1_000).catch(
        (caught: unknown) => caught,
      );
      expect(error).toEqual(new Error('Rejected without an error'));
      expect((error as Error).cause).toBe(thrown);
    },
  );

  it('is waited for until the deadline, to the millisecond', async () => {
    const settled = jest.fn();
    const answer = withDeadline(never, 1_000).catch(settled);
    jest.advanceTimersByTime(999);
    await macrotask();
    expect(settled).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    await answer;
    expect(settled).toHaveBeenCalledWith(new Error('No result within 1000 ms'));
  });

  test.each([
    ['an answer', () => Promise.resolve('late')],
    ['an error', () => Promise.reject(new Error('late'))],
  ])('drops %s that comes after it', async (_, late) => {
    const source = deferred<string>();
    const answer = withDeadline(source.promise, 1_000);
    jest.advanceTimersByTime(1_000);
    await expect(answer).rejects.toThrow('No result within 1000 ms');
    source.resolve(late());
    await macrotask();
    await expect(answer).rejects.toThrow('No result within 1000 ms');
  });

  it('may be any thenable', async () => {
    const thenable = {
      then: (resolve: (value: string) => void) => resolve('yes'),
    } as PromiseLike<string>;
    await expect(withDeadline(thenable, 1_000)).resolves.toBe('yes');
  });

  it('is an error if the thenable itself throws', async () => {
    const thenable = {
      then() {
        throw new Error('broken');
      },
    } as unknown as PromiseLike<string>;
    await expect(withDeadline(thenable, 1_000)).rejects.toThrow('broken');
  });
});

describe('a promise', () => {
  test.each<[string, unknown]>([
    ['a promise', never],
    ['a thenable object', { then: () => undefined }],
    ['a thenable function', Object.assign(() => undefined, { then: () => undefined })],
  ])('is %s', (_, value) => expect(isPromise(value)).toBe(true));

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 0],
    ['a string', 'then'],
    ['an object', {}],
    ['an object with another then', { then: true }],
    ['a function', () => undefined],
  ])('is not %s', (_, value) => expect(isPromise(value)).toBe(false));
});
