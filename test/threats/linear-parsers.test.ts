import { runInNewContext } from 'node:vm';

import {
  apiKeyHeader,
  apiKeys,
  bearer,
  cookie,
  dpop,
  jwt,
  latchkey,
  memoryStore,
  queryParameter,
  type RequestLike,
  sessionTokens,
} from 'latchkey';

import { checkClientAuthentication } from '../../src/authorization-server/request/client-authentication';
import { isForm, parseForm } from '../../src/authorization-server/request/form-parameters';
import { parseJsonParameters } from '../../src/authorization-server/request/json-parameters';
import { requestFrom } from '../../src/cli/parse-request';
import { isCrossSiteRequest } from '../../src/extractors/csrf';
import { requestPath } from '../../src/extractors/extractor';
import { toRequestLike } from '../../src/extractors/to-request-like';
import { addHeaders, responseHeaders } from '../../src/http/response-headers';
import { trimOws } from '../../src/internal/text';
import { boundToCertificate } from '../../src/possession/mtls';
import { normalisedUrl, requestUrl } from '../../src/possession/request-url';
import { parseCompactJws } from '../../src/verifiers/jwt/parse-jws';

/**
 * At this length a parser in linear time takes milliseconds, and one in quadratic time minutes. So
 * the limit tells them apart on any machine, however busy.
 */
const SIZE = 524_288;
const LIMIT_MS = 10_000;

/** Runs `act`, and stops it when the limit is over: only `vm` can end a synchronous calculation. */
function runWithinLimit(act: () => unknown): unknown {
  return runInNewContext('act()', { act }, { timeout: LIMIT_MS }) as unknown;
}

const junk = { headers: {} } as RequestLike;
const withHeader = (name: string) => (value: string) => ({
  ...junk,
  method: 'POST',
  headers: { host: 'api.example.com', [name]: value },
});
const sid = cookie('sid', { origins: ['https://app.example.com'] });
const certificate = boundToCertificate({ header: 'Client-Cert' });
const vary = responseHeaders([bearer(), apiKeyHeader()])(true, undefined);
const { check } = latchkey({
  extractors: [bearer(), apiKeyHeader(), queryParameter('api_key'), sid, dpop()],
  verifiers: [
    apiKeys({ prefix: 'acme', store: memoryStore() }),
    sessionTokens({ prefix: 'acmesession', store: memoryStore() }),
    jwt({
      issuer: 'https://login.example.com',
      audience: 'https://api.example.com',
      algorithms: ['HS256'],
      key: Buffer.alloc(32, 1),
    }),
  ],
});
const refuses = (act: () => unknown) => {
  try {
    act();
  } catch {
    // Only the time matters.
  }
};

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  'the cookie extractor': (text) => sid.extract(withHeader('cookie')(text)),
  'the bearer extractor': (text) => bearer().extract(withHeader('authorization')(`Bearer ${text}`)),
  'the bearer extractor without a scheme': (text) =>
    bearer().extract(withHeader('authorization')(text)),
  'the header extractor': (text) => apiKeyHeader().extract(withHeader('x-api-key')(text)),
  'the query extractor': (text) => queryParameter('api_key').extract({ ...junk, url: `/?${text}` }),
  'the CSRF rule': (text) => isCrossSiteRequest(withHeader('origin')(`https://${text}`)),
  'the path of a request': (text) => requestPath({ ...junk, url: `http://${text}` }),
  'the URL of a DPoP proof': (text) => normalisedUrl(`https://api.example.com/${text}`),
  'the URL of a request': (text) =>
    requestUrl({ ...junk, url: `/${text}`, headers: { host: text } }, undefined),
  'the header of a client certificate': (text) =>
    certificate.check(withHeader('client-cert')(text), 'x', { digest: '', origin: undefined }),
  'the header of a client certificate, encoded': (text) =>
    certificate.check(withHeader('client-cert')(`-----BEGIN%20CERTIFICATE-----${text}`), 'x', {
      digest: '',
      origin: undefined,
    }),
  'Vary of an earlier middleware': (text) =>
    addHeaders({ getHeader: () => text, setHeader: () => undefined as never }, vary),
  'headers in mixed case': (text) => toRequestLike({ headers: { Cookie: text } }),
  'the trimming of a text': trimOws,
  'a compact JWS': parseCompactJws,
  'the form of a client': (text) => isForm(text) && parseForm(Buffer.from(text)),
  'the JSON of a client': (text) =>
    refuses(() => parseJsonParameters(JSON.stringify({ scope: text }))),
  'client authentication': (text) =>
    refuses(() =>
      checkClientAuthentication(`Basic ${text}`, new URLSearchParams(), {
        issuer: 'realm',
        methods: ['client_secret_basic'],
      }),
    ),
  'a pasted request': (text) => refuses(() => requestFrom(text)),
  'a pasted curl line': (text) =>
    refuses(() => requestFrom(`curl https://api.example.com/ -H "X-API-Key: ${text}"`)),
};

/** Texts on which a regular expression or a nested loop tends to be slow. */
const TEXTS: Readonly<Record<string, (length: number) => string>> = {
  'spaces before a letter': (length) => `a${' '.repeat(length)}b`,
  'tabs and spaces': (length) => `a${' \t'.repeat(length / 2)}b`,
  'spaces around semicolons': (length) => `a=b${' ; '.repeat(length / 3)}c`,
  commas: (length) => `${','.repeat(length)}x`,
  'spaces and commas': (length) => `${' ,'.repeat(length / 2)}x`,
  'cookies of one name': (length) => 'sid=a;'.repeat(length / 6),
  'quotation marks': (length) => `sid=${'"'.repeat(length)}x`,
  'equals signs': (length) => `${'='.repeat(length)}x`,
  slashes: (length) => `${'/'.repeat(length)}x`,
  'slashes and dots': (length) => '/..'.repeat(length / 3),
  'question marks': (length) => '?'.repeat(length),
  'percent signs': (length) => '%'.repeat(length),
  'encoded octets': (length) => '%41'.repeat(length / 3),
  dots: (length) => '.'.repeat(length),
  colons: (length) => ':'.repeat(length),
  'base64 without an end': (length) => `${'A'.repeat(length)}!`,
  ampersands: (length) => 'api_key=a&'.repeat(length / 10),
};

describe.each(Object.entries(PARSERS))('%s', (_parser, parse) => {
  test.each(Object.entries(TEXTS))('parses half a megabyte of %s', (_text, textOf) => {
    const text = textOf(SIZE);
    expect(() => runWithinLimit(() => parse(text))).not.toThrow();
  });
});

test('the limit ends a quadratic parser', () => {
  const quadratic = () => /\s+$/.test(`a${' '.repeat(SIZE * 4)}b`);
  expect(() => runInNewContext('act()', { act: quadratic }, { timeout: 50 })).toThrow(
    expect.objectContaining({ code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' }),
  );
});

test('a request with half a megabyte in each header is refused within the limit', async () => {
  const slow = `a${' '.repeat(SIZE)}b`;
  const result = await runWithinLimit(() =>
    check({
      method: 'POST',
      url: `/?api_key=${slow}`,
      headers: { cookie: `${slow};sid=${slow}`, origin: slow, dpop: slow, host: slow },
    }),
  );
  expect(result).toMatchObject({ status: 'refused' });
});
