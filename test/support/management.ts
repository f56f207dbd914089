import express from 'express';
import {
  apiKeys,
  type CredentialStore,
  type ManagedVerifier,
  memoryStore,
  type StateStore,
} from 'latchkey';
import { accessTokens } from 'latchkey';
import { authorizationServer } from 'latchkey/authorization-server';
import { managementApi, type ManagementOptions } from 'latchkey/management';

import { listen } from './servers';

export const SCOPES = {
  'domains:read': 'View domains',
  'domains:write': { description: 'Manage domains', implies: ['domains:read'] },
  'billing:read': 'View invoices',
};

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // The tests read members of any response.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly json: any;
}

export interface ManagedServer {
  readonly keys: ManagedVerifier;
  readonly port: number;
  /** Sends a request as an account, with a JSON body if there is one. */
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Reply>;
  readonly close: () => Promise<void>;
}

/** The account of a request is in the header `X-Account`: a subject and the scopes it may grant. */
const account: ManagementOptions['account'] = ({ headers }) => {
  const [subject, ...scopes] = String(headers['x-account'] ?? '').split(' ');
  return subject ? { subject, scopes, actor: `user of ${subject}` } : undefined;
};

export const ACCOUNT = { 'X-Account': 'acct_1 domains:write' };
export const OTHER = { 'X-Account': 'acct_2 domains:write' };

type Store = CredentialStore & StateStore;

export const serverOn = (store: Store) =>
  authorizationServer({
    issuer: 'https://api.osir.example',
    store,
    tokens: accessTokens({ store, prefix: 'osirat' }),
    scopes: SCOPES,
  });

/** An app with the management API at `/settings/api`. */
export async function startManagement(
  options: Partial<ManagementOptions> & { readonly store?: Store } = {},
  app: express.Express = express(),
): Promise<ManagedServer> {
  const { store = memoryStore(), ...others } = options;
  const keys = apiKeys({ prefix: 'acme', environments: ['live', 'test'], store });
  app.use('/settings/api', managementApi({ keys, account, scopes: SCOPES, ...others }));
  app.use(((error, _req, res, _next) => {
    res.status(500).send(`next: ${String(error.cause ?? error)}`);
  }) satisfies express.ErrorRequestHandler);
  const { port, close } = await listen(app);
  return {
    keys,
    port,
    send: (...request) => send(`http://127.0.0.1:${port}/settings/api`, ...request),
    close,
  };
}

async function send(
  base: string,
  ...[method, path, body, headers = ACCOUNT]: Parameters<ManagedServer['send']>
): Promise<Reply> {
  const isJson = body !== undefined && typeof body !== 'string';
  const response = await fetch(`${base}${path}`, {
    method,
    headers: { ...(isJson && { 'Content-Type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: isJson ? JSON.stringify(body) : body }),
  });
  const text = await response.text();
  const isParsed = response.headers.get('content-type')?.startsWith('application/json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isParsed && text !== '' ? JSON.parse(text) : undefined,
  };
}
