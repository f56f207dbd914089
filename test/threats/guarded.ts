import type { RequestListener, ServerOptions } from 'node:http';

import {
  apiKeyHeader,
  apiKeys,
  bearer,
  cookie,
  type CredentialReader,
  findAuth,
  latchkey,
  type Middleware,
  queryParameter,
  sessionTokens,
} from 'latchkey';

import { generateSecret } from '../../src/credential/secret';
import { rowOf } from '../support/guarded-table';
import { listen, type MOUNTS, rawRequest, type RawResponse, sendRaw } from '../support/servers';

/** What is good everywhere in these tests. */
export const key = generateSecret('osir', 'live');
export const session = generateSecret('osirsession', 'live');

const rows = new Map(
  [rowOf(key), rowOf(session, { kind: 'session_token' })].map((row) => [row.digest, row]),
);
const store: CredentialReader = { find: async (digest) => rows.get(digest) };

/** Guards with every extractor. */
export const { authenticate } = latchkey({
  extractors: [bearer(), apiKeyHeader(), queryParameter('api_key'), cookie('sid')],
  verifiers: [apiKeys({ prefix: 'osir', store }), sessionTokens({ prefix: 'osirsession', store })],
});

// The contract's rows, as far as a request without a guard's rule can come to one. Rows 1 and 3 are
// the same bytes.
const refused = (status: number, error: string, message: string, challenge: string) => {
  const body = JSON.stringify({ error, message });
  return {
    status,
    headers: [
      'Cache-Control: no-store',
      `Content-Length: ${body.length}`,
      'Content-Type: application/json; charset=utf-8',
      `WWW-Authenticate: Bearer realm="api"${challenge}`,
    ],
    body,
  };
};
const UNAUTHORIZED = ['unauthorized', 'Invalid or missing API key'] as const;
export const BARE = refused(401, ...UNAUTHORIZED, '');
export const BAD_BEARER = refused(
  401,
  ...UNAUTHORIZED,
  ', error="invalid_token", error_description="The access token is invalid or expired"',
);
export const SEVERAL = refused(
  400,
  'bad_request',
  'Multiple credentials in one request',
  ', error="invalid_request", error_description="Multiple credentials in one request"',
);
export const passed = (body: string, ...headers: string[]) => ({
  status: 200,
  headers: [...headers, `Content-Length: ${body.length}`].sort(),
  body,
});
export const BY_BEARER = passed('acct_42');
export const BY_HEADER = passed('acct_42', 'Vary: X-API-Key', 'Cache-Control: private');
export const BY_QUERY = passed('acct_42', 'Cache-Control: private');
export const BY_COOKIE = passed('acct_42', 'Vary: Cookie', 'Cache-Control: private');
export const OPTIONAL_VARY = 'Vary: Authorization, X-API-Key, Cookie';
export const ANONYMOUS = passed('anonymous', OPTIONAL_VARY);
/** What Node itself answers to what its parser does not take. */
export const NODES_OWN = { status: 400, headers: [], body: '' };

export const sorted = (answer: RawResponse) => ({ ...answer, headers: [...answer.headers].sort() });
export const get = (...headers: readonly string[]) => rawRequest('GET /', ...headers);

export interface Running {
  readonly port: number;
  /** How often the handler was reached. */
  reached: number;
  readonly close: () => Promise<void>;
}

interface Setup {
  readonly guard?: Middleware;
  readonly options?: ServerOptions;
  readonly maxHeadersCount?: number | undefined;
  /** What stands between the server and the app. */
  readonly adapt?: ((listener: RequestListener) => RequestListener) | undefined;
}

/** A guarded handler that answers with who calls. */
export async function running(mount: (typeof MOUNTS)[string], setup: Setup = {}): Promise<Running> {
  const {
    guard = authenticate(),
    options,
    maxHeadersCount,
    adapt = (listener) => listener,
  } = setup;
  const listener = mount([guard], (req, res) => {
    run.reached++;
    res.end(findAuth(req)?.subject ?? 'anonymous');
  });
  const { server, port, close } = await listen(adapt(listener), options);
  if (maxHeadersCount !== undefined) {
    server.maxHeadersCount = maxHeadersCount;
  }
  const run: Running = { port, close, reached: 0 };
  return run;
}

/**
 * Asks, and expects that the handler was reached once by each request that passed, and by no other.
 */
export async function ask(run: Running, requests: readonly string[]) {
  run.reached = 0;
  const answers: RawResponse[] = [];
  for (const request of requests) {
    answers.push(sorted(await sendRaw(run.port, request)));
  }
  expect(run.reached).toBe(answers.filter(({ status }) => status === 200).length);
  return answers;
}
