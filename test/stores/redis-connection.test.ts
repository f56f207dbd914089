import { createConnection } from '../../src/stores/redis/connection';
import type { RedisDriver } from '../../src/stores/redis/driver';
import { RedisError } from '../../src/stores/redis/error';

beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'clearImmediate'] }));
afterEach(() => jest.useRealTimers());

/** A client of which the test settles the answers. */
function client(members: Partial<RedisDriver> = {}) {
  const asked: { answer: (value: unknown) => void; fail: (reason: unknown) => void }[] = [];
  const send = () => new Promise<unknown>((answer, fail) => asked.push({ answer, fail }));
  const driver: RedisDriver = {
    status: 'ready',
    connect: () => Promise.reject(new Error('connected already')),
    isSerial: true,
    send,
    masters: async () => [send],
    subscriber: () => {
      throw new Error('no subscriber');
    },
    ...members,
  };
  const connection = createConnection(driver);
  return { asked, ask: () => connection.send('key', ['GET', 'key']) };
}

const late = new RedisError('GET', 'No result within 1000 ms');
const owed = new RedisError('GET', 'an earlier reply is still outstanding');

/** Asks, and waits until the answer is late. */
async function askInVain({ ask }: ReturnType<typeof client>) {
  const outcome = expect(ask()).rejects.toEqual(late);
  await jest.advanceTimersByTimeAsync(1_000);
  await outcome;
}

describe('while a reply is outstanding', () => {
  it('for less than a second, further commands are sent', async () => {
    const { asked, ask } = client();
    const first = ask();
    await jest.advanceTimersByTimeAsync(999);
    const second = ask();
    asked.forEach(({ answer }, index) => answer(`answer ${index}`));
    await expect(Promise.all([first, second])).resolves.toEqual(['answer 0', 'answer 1']);
  });

  it('for longer, nothing is sent until it arrives', async () => {
    const { asked, ask } = client();
    await askInVain({ asked, ask });
    await expect(ask()).rejects.toEqual(owed);
    expect(asked).toHaveLength(1);

    asked[0]?.fail(new Error('at last'));
    await jest.advanceTimersByTimeAsync(0);
    const next = ask();
    asked[1]?.answer('an answer');
    await expect(next).resolves.toBe('an answer');
  });

  it('for half a minute, it is taken for lost', async () => {
    const { asked, ask } = client();
    await askInVain({ asked, ask });
    await jest.advanceTimersByTimeAsync(28_999);
    await expect(ask()).rejects.toEqual(owed);
    await jest.advanceTimersByTimeAsync(1);
    const next = ask();
    asked[1]?.answer('an answer');
    await expect(next).resolves.toBe('an answer');
  });

  it('on one of many connections, commands are still sent on the others', async () => {
    const { asked, ask } = client({ isSerial: false });
    await askInVain({ asked, ask });
    const next = ask();
    asked[1]?.answer('an answer');
    await expect(next).resolves.toBe('an answer');
  });
});

describe('an error of the client', () => {
  it.each<[string, unknown, string]>([
    [
      'a reply',
      new Error('WRONGTYPE Operation against a key'),
      'WRONGTYPE Operation against a key',
    ],
    [
      'a reply that quotes',
      new Error("ERR unknown command 'GET', with args beginning with: 'key'"),
      'ERR unknown command',
    ],
    ['a reply that quotes otherwise', new Error('ERR wrong value `secret`'), 'ERR wrong value'],
    [
      'a protocol error that quotes',
      new Error('Protocol error, got "secret" as reply type byte'),
      'Protocol error, got',
    ],
    ['of several lines', new Error('ERR no\r\nsecret'), 'ERR no'],
    ['with a code alone', Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['without a word', new Error(''), 'failed'],
    ['that is none', 'secret', 'Rejected without an error'],
    ['that is null', null, 'Rejected without an error'],
  ])('%s keeps the parts that do not reveal the command', async (_, reason, why) => {
    const { asked, ask } = client();
    const answer = ask();
    asked[0]?.fail(reason);
    await expect(answer).rejects.toEqual(new RedisError('GET', why));
  });
});
