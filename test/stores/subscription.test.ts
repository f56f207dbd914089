import { keepSubscribed, type SubscriberConnection } from '../../src/stores/subscription';
import { storeEvents } from '../support/store-events';

const never = () => new Promise<never>(() => {});
const resolves = () => Promise.resolve();

/** A connection of which the test decides how it opens and whether it answers. */
class FakeConnection implements SubscriberConnection {
  isClosed = false;
  lose = (_error?: unknown) => {};
  constructor(
    readonly opens: () => Promise<unknown>,
    readonly answers: () => Promise<unknown> = resolves,
  ) {}
  open(onLost: (error?: unknown) => void) {
    this.lose = onLost;
    return this.opens();
  }
  ping() {
    return this.answers();
  }
  close() {
    this.isClosed = true;
  }
}

let published: ReturnType<typeof storeEvents>;
beforeEach(() => {
  jest.useFakeTimers();
  published = storeEvents();
});
afterEach(() => {
  jest.useRealTimers();
  published.stop();
});

/** Subscribes by one connection after another. The last one given stands for all further ones. */
function subscribing(...ways: readonly (() => FakeConnection)[]) {
  const connections: FakeConnection[] = [];
  const stop = keepSubscribed({
    store: 'fake',
    connect: () => {
      const connection = (ways[connections.length] ?? ways.at(-1))!();
      connections.push(connection);
      return connection;
    },
    toError: (error) => new Error(`safe: ${(error as Error).message}`),
  });
  return { connections, stop };
}
const alive = () => new FakeConnection(resolves);
const refused = () => new FakeConnection(() => Promise.reject(new Error('connect ECONNREFUSED')));
const names = () => published.events.map(({ event }) => event);

describe('a subscription', () => {
  it('says when it is established, and leaves no timer and no connection behind', async () => {
    const { connections, stop } = subscribing(alive);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(published.events).toEqual([{ store: 'fake', event: 'subscribed' }]);
    await stop();
    expect(connections.map(({ isClosed }) => isClosed)).toEqual([true]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('reports each failure, and tries again after longer and longer pauses', async () => {
    const { connections, stop } = subscribing(refused);
    await jest.advanceTimersByTimeAsync(3_000);
    expect(connections.length).toBeGreaterThan(2);
    expect(connections.length).toBeLessThanOrEqual(6);
    await jest.advanceTimersByTimeAsync(3_597_000);
    expect(connections.length).toBeGreaterThan(600);
    expect(connections.length).toBeLessThan(1_500);
    expect(connections.slice(0, -1).every(({ isClosed }) => isClosed)).toBe(true);
    expect(published.events[0]).toEqual({
      store: 'fake',
      event: 'subscribe_failed',
      error: new Error('safe: connect ECONNREFUSED'),
    });
    expect(names()).not.toContain('subscribed');
    await stop();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('spreads the attempts of many instances over time', async () => {
    const many = Array.from({ length: 20 }, () => subscribing(refused));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(new Set(many.map(({ connections }) => connections.length)).size).toBeGreaterThan(1);
    await Promise.all(many.map(({ stop }) => stop()));
  });

  it('reports a loss, and replaces the connection soon if it had lasted', async () => {
    const { connections, stop } = subscribing(alive);
    await jest.advanceTimersByTimeAsync(10_000);
    connections[0]?.lose(new Error('ECONNRESET'));
    await jest.advanceTimersByTimeAsync(300);
    expect(names()).toEqual(['subscribed', 'subscribe_failed', 'subscribed']);
    connections[1]?.lose();
    await jest.advanceTimersByTimeAsync(0);
    expect(published.events.at(-1)?.error).toEqual(new Error('safe: the connection was closed'));
    await stop();
  });

  it('backs off from a server that accepts and drops it at once', async () => {
    const dropped = () => {
      const connection: FakeConnection = new FakeConnection(
        async () => void setTimeout(() => connection.lose(new Error('dropped')), 1),
      );
      return connection;
    };
    const { connections, stop } = subscribing(dropped);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(connections.length).toBeLessThan(30);
    await stop();
  });

  it('replaces a connection that no longer responds', async () => {
    const { connections, stop } = subscribing(() => new FakeConnection(resolves, never), alive);
    await jest.advanceTimersByTimeAsync(6_900);
    expect(connections).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(500);
    expect(connections.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(connections).toHaveLength(2);
    await stop();
  });

  it('does not wait forever for a connection that is never established', async () => {
    const { connections, stop } = subscribing(() => new FakeConnection(never), alive);
    await jest.advanceTimersByTimeAsync(5_300);
    expect(connections.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    await stop();
  });

  it('tries again if the connection cannot even be made', async () => {
    let calls = 0;
    const stop = keepSubscribed({
      store: 'fake',
      connect: () => {
        if (++calls < 5) {
          throw new TypeError('not yet');
        }
        return alive();
      },
      toError: (error) => error as Error,
    });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(calls).toBe(5);
    expect(names()).toEqual([...Array<string>(4).fill('subscribe_failed'), 'subscribed']);
    await stop();
  });

  it('stops at once, whatever it is waiting for', async () => {
    for (const way of [
      () => new FakeConnection(never),
      refused,
      alive,
      () => new FakeConnection(resolves, never),
    ]) {
      for (const ms of [0, 50, 120, 3_000]) {
        const { connections, stop } = subscribing(way);
        await jest.advanceTimersByTimeAsync(ms);
        await stop();
        const { length } = connections;
        await jest.advanceTimersByTimeAsync(60_000);
        expect(connections).toHaveLength(length);
        expect(connections.every(({ isClosed }) => isClosed)).toBe(true);
        expect(jest.getTimerCount()).toBe(0);
      }
    }
  });
});
