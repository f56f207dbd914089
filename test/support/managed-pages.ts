import express from 'express';
import {
  accessTokens,
  apiKeys,
  type CredentialStore,
  latchkey,
  type ManagedVerifier,
  memoryStore,
  type StateStore,
} from 'latchkey';
import { authorizationServer } from 'latchkey/authorization-server';
import { managementPages, type ManagementPagesOptions } from 'latchkey/management';

import { listen } from './servers';

export const PAGE_SCOPES = {
  'domains:read': 'View domains',
  'domains:write': { description: 'Manage domains', implies: ['domains:read'] },
  'billing:read': 'View <b>invoices</b> & taxes',
};

export interface ManagedPages {
  readonly keys: ManagedVerifier;
  readonly oauth: ReturnType<typeof authorizationServer>;
  readonly store: CredentialStore & StateStore;
  /** The address of the pages. */
  readonly url: string;
  readonly origin: string;
  /** Makes the store fail. */
  readonly outage: { isOn: boolean };
  readonly close: () => Promise<void>;
}

/** The user is the value of the cookie `user`, or else `acct_1`; `nobody` is logged out. */
const account: ManagementPagesOptions['account'] = ({ headers }) => {
  const subject = /user=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? 'acct_1';
  const scopes = ['domains:write', 'billing:read'];
  return subject === 'nobody' ? undefined : { subject, name: 'Ada <Lovelace>', scopes };
};

/** An app with the pages at `/settings`, and an API at `/v1` for their keys. */
export async function startPages(
  options: Partial<ManagementPagesOptions> = {},
): Promise<ManagedPages> {
  const outage = { isOn: false };
  const store = new Proxy(memoryStore(), {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      return typeof member !== 'function'
        ? member
        : (...args: unknown[]) => {
            if (outage.isOn) {
              throw new Error('connection lost');
            }
            return member.apply(target, args) as unknown;
          };
    },
  });
  const environments = ['live', 'test'];
  const keys = apiKeys({ prefix: 'acme', environments, store });
  const oauth = authorizationServer({
    issuer: 'https://acme.example',
    store,
    tokens: accessTokens({ store, prefix: 'acmeat' }),
    scopes: PAGE_SCOPES,
  });
  const { clients, grants } = oauth;
  const { authenticate } = latchkey({ verifiers: [keys] });
  const app = express();
  app.get('/v1/me', authenticate(), (_req, res) => void res.json({ ok: true }));
  app.use(
    '/settings',
    managementPages({
      ...{ keys, clients, grants, account, environments },
      scopes: PAGE_SCOPES,
      ...options,
    }),
  );
  const { port, close } = await listen(app);
  const origin = `http://127.0.0.1:${port}`;
  return { keys, oauth, store, origin, url: `${origin}/settings`, outage, close };
}
