import express from 'express';
import {
  accessTokens,
  bearer,
  type CredentialStore,
  dpop,
  getAuth,
  jwt,
  latchkey,
  type LatchkeyOptions,
  type ManagedVerifier,
  memoryStore,
  type StateStore,
} from 'latchkey';
import {
  type AuthorizationServer,
  authorizationServer,
  type AuthorizationServerOptions,
  type ClientOptions,
  loginPage,
  type RegisteredClient,
} from 'latchkey/authorization-server';

import { Browser, type Page } from './browser';
import { listen } from './servers';

// The engine prefers a later Node, and says so when it is loaded.
const { warn } = console;
console.warn = (...words: unknown[]) => {
  if (!/^oidc-provider WARNING: Unsupported runtime/.test(String(words[0]))) {
    warn(...words);
  }
};

export const SCOPES = {
  'domains:read': 'View domains',
  'domains:write': { description: 'Manage domains', implies: ['domains:read'] },
  'billing:read': 'View billing info',
} as const;
export type Scope = keyof typeof SCOPES;

export const CALLBACK = 'https://app.example/callback';
export const WEB_CLIENT: ClientOptions<Scope> = {
  name: 'Domain Watch',
  scopes: ['domains:read', 'domains:write'],
  redirectUris: [CALLBACK],
};

/** Ada's password is `lovelace`. */
export const login = loginPage({
  authenticate: (username, password) =>
    username === 'ada' && password === 'lovelace' ? { subject: 'acct_42', name: 'Ada' } : undefined,
});

export interface IssuingOptions extends Partial<
  Omit<AuthorizationServerOptions<typeof SCOPES>, 'issuer' | 'login'>
> {
  readonly login?: AuthorizationServerOptions['login'] | null;
  /** What stands before the server. */
  readonly before?: readonly express.RequestHandler[];
  /** What stands behind it. */
  readonly after?: readonly express.ErrorRequestHandler[];
  /** The origin of the issuer, where it is not that of the server. */
  readonly issuerOrigin?: string;
  /** The path of the issuer, where it has one. */
  readonly issuerPath?: string;
  /** The port of one that was here before. */
  readonly port?: number;
  /** Of the guard before the API. */
  readonly cache?: LatchkeyOptions['cache'];
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // It is JSON, and what a test expects of it says the rest.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export interface Issuing {
  readonly issuer: string;
  readonly origin: string;
  readonly server: AuthorizationServer<Scope>;
  readonly tokens: ManagedVerifier;
  readonly store: CredentialStore & StateStore;
  /** Posts a form to a path of the server. */
  readonly post: (
    path: string,
    parameters: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
  /** What the guard before the API makes of an access token. */
  readonly call: (accessToken: string) => Promise<Answer>;
  /** The address of an authorization request. */
  readonly authorizeUrl: (
    client: RegisteredClient['client'],
    parameters?: Readonly<Record<string, string>>,
  ) => string;
  /** Goes the way of a user who agrees: where the client has its user back. */
  readonly authorize: (
    client: RegisteredClient['client'],
    parameters?: Readonly<Record<string, string>>,
  ) => Promise<URL>;
  /** A client with a user's tokens, by the code flow. */
  readonly grant: (options?: Partial<ClientOptions<Scope>>) => Promise<Granted>;
  readonly close: () => Promise<void>;
}

export interface Granted extends RegisteredClient {
  readonly credentials: Readonly<Record<string, string>>;
  readonly tokens: Answer['body'];
}

/** What is made, or the error that it is not, with nothing left open. */
async function orClosed<T>(close: () => Promise<void>, make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    await close();
    throw error;
  }
}

/** A real server with an API beside it that takes its tokens. */
export async function startIssuing(options: IssuingOptions = {}): Promise<Issuing> {
  const {
    before = [],
    after = [],
    issuerOrigin,
    issuerPath = '',
    port: wanted = 0,
    store = memoryStore(),
    login: by = login,
    cache,
    ...rest
  } = options;
  const app = express();
  const { port, close } = await listen(app, {}, wanted);
  const origin = `http://127.0.0.1:${port}`;
  const tokens = accessTokens({ store, prefix: 'osirat' });
  const issuer = `${issuerOrigin ?? origin}${issuerPath}`;
  const server = await orClosed(close, () =>
    authorizationServer({
      issuer,
      ...{ store, scopes: SCOPES, tokens },
      ...(by && { login: by }),
      ...rest,
    }),
  );
  const verifier =
    rest.tokens && 'keys' in rest.tokens
      ? jwt({
          issuer,
          audience: toAudiences(rest.audience ?? issuer),
          jwksUri: `${origin}/oauth/jwks`,
          profile: 'rfc9068',
          revocations: store,
        })
      : tokens;
  const guards = latchkey({
    scopes: SCOPES,
    verifiers: [verifier],
    ...(rest.dpop && { extractors: [bearer(), dpop()] }),
    ...(cache !== undefined && { cache }),
  });
  for (const handler of before) {
    app.use(handler);
  }
  app.use(server.middleware);
  app.get('/v1/domains', guards.requireScopes('domains:read'), (req, res) => {
    res.json(getAuth(req));
  });
  app.use((_req, res) => void res.status(404).json({ error: 'not_found' }));
  for (const handler of after) {
    app.use(handler);
  }
  await orClosed(close, () => server.ready());

  const post: Issuing['post'] = async (path, parameters, headers = {}) =>
    answerOf(
      await fetch(`${origin}${path}`, {
        method: 'POST',
        headers: { connection: 'close', ...headers },
        body: new URLSearchParams(parameters),
      }),
    );
  const authorizeUrl: Issuing['authorizeUrl'] = ({ clientId, redirectUris }, parameters = {}) => {
    const query = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUris[0] as string,
      ...parameters,
    };
    return `${origin}/oauth/authorize?${new URLSearchParams(query).toString()}`;
  };
  const authorize: Issuing['authorize'] = async (client, parameters) =>
    (await agree(await logIn(await new Browser().open(authorizeUrl(client, parameters))))).url;

  return {
    ...{ issuer, origin, server, tokens, store, post, authorizeUrl, authorize },
    call: async (accessToken) =>
      answerOf(
        await fetch(`${origin}/v1/domains`, {
          headers: { connection: 'close', authorization: `Bearer ${accessToken}` },
        }),
      ),
    async grant(clientOptions) {
      const registered = await server.clients.register({ ...WEB_CLIENT, ...clientOptions });
      const { client, secret = '' } = registered;
      const credentials = { client_id: client.clientId, client_secret: secret };
      const code = (await authorize(client)).searchParams.get('code') as string;
      const { body } = await post('/oauth/token', {
        grant_type: 'authorization_code',
        code,
        redirect_uri: CALLBACK,
        ...credentials,
      });
      return { ...registered, credentials, tokens: body };
    },
    async close() {
      await guards.close();
      await close();
    },
  };
}

const toAudiences = (
  audience: NonNullable<AuthorizationServerOptions['audience']>,
): [string, ...string[]] =>
  [audience].flat().map((one) => (typeof one === 'string' ? one : one.url)) as [string];

export const logIn = (page: Page): Promise<Page> =>
  page.submit({ username: 'ada', password: 'lovelace' });
export const agree = (page: Page): Promise<Page> => page.submit({ decision: 'allow' });

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  };
}
