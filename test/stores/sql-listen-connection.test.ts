import { EventEmitter } from 'node:events';

import { type ListenClient, listenConnection } from '../../src/stores/sql/listen-connection';

class FakeClient extends EventEmitter implements ListenClient {
  readonly queries: string[] = [];
  connect() {
    return this.query('connect');
  }
  async query(text: string) {
    this.queries.push(text);
  }
  end() {
    return this.query('end');
  }
}

function opened() {
  const client = new FakeClient();
  const messages: string[] = [];
  const lost = jest.fn();
  const connection = listenConnection(client, 'news', (payload) => void messages.push(payload));
  return { client, messages, lost, connection, open: () => connection.open(lost) };
}

describe('a connection that listens', () => {
  it('connects, subscribes, passes payloads on, and ends', async () => {
    const { client, messages, connection, open } = opened();
    await open();
    await connection.ping();
    client.emit('notification', { channel: 'news', payload: 'one' });
    client.emit('notification', { channel: 'news' });
    await connection.close();
    expect(client.queries).toEqual(['connect', 'LISTEN news', 'SELECT 1', 'end']);
    expect(messages).toEqual(['one', '']);
  });

  it.each([
    ['fails', 'error', new Error('ECONNRESET')],
    ['ends', 'end', undefined],
  ])('is lost when the client %s', async (_, event, error) => {
    const { client, lost, open } = opened();
    await open();
    client.emit(event, error);
    expect(lost.mock.calls[0]?.[0]).toBe(error);
  });
});
