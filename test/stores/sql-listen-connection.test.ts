import { EventEmitter } from 'node:events';
import { keepListening, type ListenClient } from '../../src/stores/sql/listen-connection';

/** A client whose connection behaves as no server can be made to, on demand. */
class FakeClient extends EventEmitter implements ListenClient {
  readonly asked: string[] = [];
  ended = false;

  constructor(readonly answer: (question: string) => Promise<unknown>) {
    super();
  }
  connect() {
    return this.query('connect');
  }
  query(text: string) {
    this.asked.push(text);
    return this.answer(text);
  }
  async end() {
    this.ended = true;
  }
}

const answers = () => Promise.resolve();
const never = () => new Promise<never>(() => {});

describe('listening', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  /** Listens by one client after another; the last of these ways of answering is that of all further ones. */
  function listening(...ways: ((question: string) => Promise<unknown>)[]) {
    const clients: FakeClient[] = [];
    const heard: string[] = [];
    const listen = () => {
      const client = new FakeClient((ways[clients.length] ?? ways.at(-1)) as (question: string) => Promise<unknown>);
      clients.push(client);
      return client;
    };
    return { clients, heard, stop: keepListening(listen, 'news', (payload) => void heard.push(payload)) };
  }

  it('asks for the channel, hands on what it hears, and ends the connection', async () => {
    const { clients, heard, stop } = listening(answers);
    await jest.advanceTimersByTimeAsync(0);
    clients[0]?.emit('notification', { channel: 'news', payload: 'one' });
    clients[0]?.emit('notification', { channel: 'news' });
    await stop();
    expect(clients.map(({ asked, ended }) => ({ asked, ended }))).toEqual([{ asked: ['connect', 'LISTEN news'], ended: true }]);
    expect(heard).toEqual(['one', '']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('opens another connection when one stands and no longer answers', async () => {
    const { clients, stop } = listening((question) => (question === 'SELECT 1' ? never() : answers()), answers);
    await jest.advanceTimersByTimeAsync(14_999);
    expect(clients).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(200);
    expect(clients.map(({ ended }) => ended)).toEqual([true, false]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(clients).toHaveLength(2);
    await stop();
  });

  test.each([
    ['is refused', () => Promise.reject(new Error('connect ECONNREFUSED'))],
    ['is not answered', never],
    ['may not listen', (question: string) => (question === 'connect' ? answers() : Promise.reject(new Error('denied')))],
  ])('tries for ever where it %s, at most once a second', async (_, way) => {
    const { clients, stop } = listening(way);
    await jest.advanceTimersByTimeAsync(3_600_000);
    expect(clients.length).toBeGreaterThan(500);
    expect(clients.length).toBeLessThan(7_300);
    expect(clients.slice(0, -1).every(({ ended }) => ended)).toBe(true);
    await stop();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('goes on where listen() throws', async () => {
    let calls = 0;
    const stop = keepListening(
      () => {
        if (++calls < 5) throw new TypeError('not yet');
        return new FakeClient(answers);
      },
      'news',
      () => {},
    );
    await jest.advanceTimersByTimeAsync(60_000);
    expect(calls).toBe(5);
    await stop();
  });

  it('stops at once, whatever it is waiting for', async () => {
    for (const way of [never, () => Promise.reject(new Error('down')), answers]) {
      for (const ms of [0, 50, 120]) {
        const { clients, stop } = listening(way);
        await jest.advanceTimersByTimeAsync(ms);
        await stop();
        const { length } = clients;
        await jest.advanceTimersByTimeAsync(60_000);
        expect(clients).toHaveLength(length);
        expect(clients.every(({ ended }) => ended)).toBe(true);
      }
    }
  });
});
