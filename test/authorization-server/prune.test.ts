import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { memoryStore } from 'latchkey';
import type { ClientEvent, GrantEvent } from 'latchkey/authorization-server';

import { completeClient, toRecord } from '../../src/authorization-server/clients/client-records';
import { insertGrant } from '../../src/authorization-server/grant-records';
import { startIssuing } from '../support/issuing';

const HOUR_MS = 3_600_000;

it('a new grant deletes grants and registrations that expired an hour ago, with an event', async () => {
  const store = memoryStore();
  const now = Date.now();
  const payload = { accountId: 'acct_1', clientId: 'app', resources: { 'https://a.example': 'a' } };
  await insertGrant(store, 'old', payload, now - 2 * HOUR_MS);
  await insertGrant(store, 'fresh', payload, now - HOUR_MS / 2);
  const old = {
    ...completeClient({ name: 'Old', scopes: [] }, now - 9 * HOUR_MS),
    ...{ verified: false, expiresAt: now - 2 * HOUR_MS },
  };
  await store.insert(toRecord(old));
  const events: (ClientEvent | GrantEvent)[] = [];
  const listener = (event: unknown) => {
    if ((event as GrantEvent).action === 'pruned') {
      events.push(event as GrantEvent);
    }
  };
  subscribe('latchkey:grant', listener);
  subscribe('latchkey:client', listener);
  const issuing = await startIssuing({ store });
  await issuing.grant();
  await new Promise((resolve) => setImmediate(resolve));
  await issuing.close();
  unsubscribe('latchkey:grant', listener);
  unsubscribe('latchkey:client', listener);
  expect(events).toMatchObject([
    { grantId: 'old', clientId: 'app', subject: 'acct_1', changes: {} },
    { clientId: old.clientId, changes: {} },
  ]);
  const list = (kind: string) => store.search({ kind }, { limit: 100 });
  const grants = (await list('oauth_grant')).map(({ grantId }) => grantId);
  expect([grants.includes('old'), grants.includes('fresh')]).toEqual([false, true]);
  expect((await list('oauth_client')).map(({ name }) => name)).not.toContain('Old');
});
