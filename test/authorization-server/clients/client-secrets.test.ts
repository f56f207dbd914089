import { setTimeout } from 'node:timers/promises';

import { memoryStore } from 'latchkey';

import type { Client } from '../../../src/authorization-server/clients/client';
import { clientSecrets } from '../../../src/authorization-server/clients/client-secrets';

const HOUR_MS = 3_600_000;

it.each([0, 1, 2 * HOUR_MS])(
  'a registration that is used extends its newest secret alone, after a rotation with overlap %d',
  async (overlapMs) => {
    const store = memoryStore();
    const secrets = clientSecrets(store);
    const expiresAt = Date.now() + HOUR_MS;
    const client = { clientId: 'notebook', expiresAt } as Client;
    const before = await secrets.issue(client.clientId, expiresAt);
    await setTimeout(10);
    const after = await secrets.rotate(client, overlapMs);
    await setTimeout(10);
    const wasValid = await secrets.proves(client.clientId, before);
    await secrets.extend(client.clientId, expiresAt + 24 * HOUR_MS);
    expect(await secrets.proves(client.clientId, before)).toBe(wasValid);
    const owner = { kind: 'client_secret', by: 'client', id: client.clientId } as const;
    const records = await store.list(owner, { limit: 10 });
    const extended = records.filter((one) => one.expiresAt === expiresAt + 24 * HOUR_MS);
    expect(extended).toHaveLength(1);
    expect(await secrets.proves(client.clientId, after)).toBe(true);
  },
);
