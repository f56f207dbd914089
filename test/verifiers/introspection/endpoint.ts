import type { IncomingHttpHeaders } from 'node:http';

import type { Reason } from 'latchkey';
import { introspection, type IntrospectionOptions } from 'latchkey/introspection';

import { type Handler, listen } from '../../support/servers';

export const AUDIENCE = 'https://api.osir.com';
export const CLIENT = { id: 'api', secret: 'cl1ent-s3cret' } as const;
export const TOKEN = 'tok3n-that-nobody-may-see';
export const NOW = Math.floor(Date.now() / 1000);

/** What a server says of a good token. One that is undefined is left out. */
export const active = (members: object = {}): object => ({
  active: true,
  sub: 'acct_42',
  client_id: 'app',
  scope: 'domains:read',
  aud: AUDIENCE,
  token_type: 'Bearer',
  exp: NOW + 600,
  ...members,
});

export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: Readonly<Record<string, string>>;
}

export interface Endpoint {
  readonly url: string;
  readonly origin: string;
  /** What it was asked until now. */
  readonly asked: readonly Asked[];
  /** Answers so from now on: with JSON, or as a handler does. */
  readonly answer: (answer: object | Handler) => void;
  readonly close: () => Promise<void>;
}

const isHandler = (answer: object | Handler): answer is Handler => typeof answer === 'function';

/** An introspection endpoint that says what it is told to say. */
export async function startEndpoint(answer: object | Handler = active()): Promise<Endpoint> {
  const asked: Asked[] = [];
  let current: object | Handler = answer;
  const server = await listen((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
      asked.push({ path: `${req.method} ${req.url}`, headers: req.headers, form });
      if (isHandler(current)) {
        return current(req, res);
      }
      res.setHeader('Content-Type', 'application/json');
      res.end(JSON.stringify(current));
    });
  });
  const origin = `http://127.0.0.1:${server.port}`;
  return {
    url: `${origin}/introspect`,
    origin,
    asked,
    answer: (next) => void (current = next),
    close: server.close,
  };
}

export const verifierAt = ({ url }: Endpoint, options: Partial<IntrospectionOptions> = {}) =>
  introspection({ endpoint: url, client: CLIENT, audience: AUDIENCE, ...options });

/** What comes of asking about a token: that it is good, the reason to refuse it, or the error. */
export async function verdictOf(
  verifier: ReturnType<typeof introspection>,
): Promise<'good' | Reason | { readonly error: string }> {
  try {
    const verification = await verifier.verify({ extractor: 'bearer', token: TOKEN });
    return verification.ok ? 'good' : verification.reason;
  } catch (error) {
    return { error: (error as Error).message };
  }
}
