import type { JsonWebKey, KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { PAIRS, tokenOf } from '../verifiers/jwt/tokens';

export const METADATA = '/.well-known/openid-configuration';
export const JWKS = '/keys';

type Answer = (res: ServerResponse, req: IncomingMessage) => void;

/** A server that publishes keys, tells the truth or does not, and counts who asks. */
export interface FakeIssuer {
  readonly issuer: string;
  /** What it publishes. */
  keys: JsonWebKey[];
  /** What it answers on a path in place of the truth. */
  readonly answers: Map<string, Answer>;
  /** How often each path was asked. */
  readonly asked: Readonly<Record<string, number>>;
  readonly connections: () => number;
  /** A token that it signed: by ES256 unless it is told otherwise. */
  readonly token: (header?: object, claims?: object, key?: KeyObject) => string;
  /** Ends its connections and refuses new ones. */
  readonly refuse: () => Promise<void>;
  /** Listens again on the same port. */
  readonly listen: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export const json =
  (value: unknown): Answer =>
  (res) =>
    void res.setHeader('content-type', 'application/json').end(JSON.stringify(value));

export const publicJwk = (
  kid: string | undefined,
  algorithm: keyof typeof PAIRS = 'ES256',
  members: object = {},
): JsonWebKey => ({
  ...PAIRS[algorithm].publicKey.export({ format: 'jwk' }),
  ...(kid !== undefined && { kid }),
  ...members,
});

/** An issuer at `path`, whose keys are `k1` of ES256 at first. */
export async function startFakeIssuer(path = ''): Promise<FakeIssuer> {
  const asked: Record<string, number> = {};
  const answers = new Map<string, Answer>();
  let connections = 0;
  let server: Server | undefined;

  const start = async (port: number) => {
    server = createServer((req, res) => {
      const { pathname } = new URL(req.url as string, 'http://localhost');
      asked[pathname] = (asked[pathname] ?? 0) + 1;
      const answer = answers.get(pathname) ?? truth.get(pathname);
      if (answer) {
        answer(res, req);
      } else {
        res.writeHead(404).end('Not found');
      }
    }).listen(port, '127.0.0.1');
    server.on('connection', () => connections++);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const refuse = async () => {
    const closed = server && once(server, 'close');
    server?.close();
    server?.closeAllConnections();
    server = undefined;
    await closed;
  };

  const truth = new Map<string, Answer>();
  const port = await start(0);
  const origin = `http://127.0.0.1:${port}`;
  const issuer = `${origin}${path}`;
  truth.set(`${path}${METADATA}`, json({ issuer, jwks_uri: `${origin}${JWKS}` }));
  truth.set(JWKS, (res, req) => json({ keys: made.keys })(res, req));
  const made: FakeIssuer = {
    issuer,
    keys: [publicJwk('k1')],
    answers,
    asked,
    connections: () => connections,
    token: (header = {}, claims = {}, key = PAIRS.ES256.privateKey) =>
      tokenOf(
        { iss: issuer, exp: Math.floor(Date.now() / 1000) + 600, ...claims },
        { kid: 'k1', ...header },
        'ES256',
        key,
      ),
    refuse,
    listen: async () => void (server ?? (await start(port))),
    close: refuse,
  };
  return made;
}
