import { type ChildProcess, fork } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';

/** A private key as oidc-provider takes it: a JWK with `kid`, `alg` and `use`. */
export type SigningKey = Readonly<Record<string, unknown>>;

export interface AuthorizationServerOptions {
  /** What its access tokens are: JWTs by RFC 9068, or opaque. `'jwt'` by default. */
  readonly accessTokens?: 'jwt' | 'opaque';
  /** Scopes that it knows. `openid` and `offline_access` are always among them. */
  readonly scopes?: readonly string[];
  /** Client metadata (RFC 7591 §2) beside the client `app`: see `APP`. */
  readonly clients?: readonly {
    readonly client_id: string;
    readonly [metadata: string]: unknown;
  }[];
  /**
   * oidc-provider's own `features`, over those of the program: DPoP, introspection, revocation,
   * registration and resource indicators.
   */
  readonly features?: Readonly<Record<string, unknown>>;
  /** What it signs with, the first key first. One key of ES256 by default. */
  readonly keys?: readonly SigningKey[];
  /** How long its access tokens live, in seconds. 600 by default. */
  readonly lifetime?: number;
}

/**
 * The confidential client that is always there: client credentials, and the code flow with PKCE.
 */
export const APP = {
  id: 'app',
  secret: 'app-secret',
  redirectUri: 'http://127.0.0.1/callback',
} as const;

/**
 * A real authorization server, oidc-provider in a process of its own: users log in and consent
 * without being asked.
 */
export interface AuthorizationServer {
  /** `http://127.0.0.1:<port>`. */
  readonly issuer: string;
  /**
   * An access token for `resource` (RFC 8707), by client credentials of the client `app`. The token
   * request may say more, and have headers.
   */
  readonly token: (
    resource: string,
    parameters?: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<string>;
  /**
   * Goes through an authorization request as a browser would, and returns the redirect to the
   * client. `login_hint` is who logs in, else `acct_42`.
   */
  readonly logIn: (authorizationRequest: string | URL) => Promise<URL>;
  /** Publishes and signs with these keys from now on, the first one first. */
  readonly useKeys: (keys: readonly SigningKey[]) => Promise<void>;
  /** How often each path was asked since the process began, in the form `{ '/jwks': 1 }`. */
  readonly requests: () => Promise<Readonly<Record<string, number>>>;
  /** Ends it as a crash would. */
  readonly kill: () => Promise<void>;
  /** Freezes it: connections stand, and nothing answers. */
  readonly stop: () => void;
  readonly resume: () => void;
  /**
   * Starts it again on the same port with the same keys. What it had issued and keeps (opaque
   * tokens, grants) is gone.
   */
  readonly restart: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What the program is told when it starts. */
export interface ProgramOptions extends AuthorizationServerOptions {
  readonly port: number;
  readonly keys: readonly SigningKey[];
}

export type Order = { readonly number: number } & (
  { readonly useKeys: readonly SigningKey[] } | { readonly requests: true }
);

export function signingKey(
  algorithm: 'ES256' | 'RS256' = 'ES256',
  kid: string = randomUUID(),
): SigningKey {
  const { privateKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' };
}

export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<AuthorizationServer> {
  let { keys = [signingKey()] } = options;
  let child: ChildProcess | undefined;
  let port = 0;
  let orders = 0;

  const start = async () => {
    const told: ProgramOptions = { ...options, keys, port };
    const program = fork(
      join(__dirname, 'authorization-server-program.ts'),
      [JSON.stringify(told)],
      {
        execArgv: ['--import', 'tsx'],
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      },
    );
    let log = '';
    for (const stream of [program.stdout, program.stderr]) {
      stream?.on('data', (chunk: Buffer) => void (log += chunk.toString()));
    }
    const failed = once(program, 'exit').then(() => {
      throw new Error(`The authorization server did not start:\n${log}`);
    });
    const [started] = (await Promise.race([once(program, 'message'), failed])) as [
      { port: number },
    ];
    failed.catch(() => undefined);
    child = program;
    port = started.port;
  };
  const kill = async () => {
    const running = child;
    child = undefined;
    if (!running) {
      return;
    }
    const exited = once(running, 'exit');
    running.kill('SIGKILL');
    await exited;
  };
  const order = <T>(what: { useKeys: readonly SigningKey[] } | { requests: true }): Promise<T> =>
    new Promise((resolve, reject) => {
      const program = child;
      if (!program) {
        return reject(new Error('The authorization server is not running'));
      }
      const number = orders++;
      const listener = (answer: { number: number; value: T }) => {
        if (answer.number !== number) {
          return;
        }
        program.off('message', listener);
        resolve(answer.value);
      };
      program.on('message', listener);
      program.send({ number, ...what } satisfies Order);
    });

  process.once('exit', () => child?.kill('SIGKILL'));
  await start();
  const issuer = `http://127.0.0.1:${port}`;

  return {
    issuer,
    async token(resource, parameters = {}, headers = {}) {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${APP.id}:${APP.secret}`).toString('base64')}`,
          ...headers,
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource, ...parameters }),
      });
      const body = (await response.json()) as { access_token?: string };
      if (body.access_token === undefined) {
        throw new Error(`No token: ${JSON.stringify(body)}`);
      }
      return body.access_token;
    },
    logIn: (authorizationRequest) => followRedirects(new URL(authorizationRequest), issuer),
    async useKeys(changed) {
      keys = changed;
      await order({ useKeys: changed });
    },
    requests: () => order({ requests: true }),
    kill,
    stop: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async restart() {
      await kill();
      await start();
    },
    close: kill,
  };
}

/** As a browser with cookies does, as long as they stay at the origin. */
async function followRedirects(url: URL, origin: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let next = url;
  while (next.origin === origin) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(next, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) {
      throw new Error(`No redirect but ${response.status}: ${await response.text()}`);
    }
    next = new URL(location, next);
  }
  return next;
}
