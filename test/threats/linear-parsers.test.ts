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

const SIZE = 16_384;
/** A quadratic parser takes 16 times as long for input of four times the length. */
const MOST = 9;

/** Seconds of one call, from the quickest of several batches. */
function costOf(act: (text: string) => unknown, text: string): number {
  let batch = 1;
  const timed = () => {
    const start = performance.now();
    for (let n = 0; n < batch; n++) {
      act(text);
    }
    return (performance.now() - start) / batch;
  };
  while (timed() * batch < 0.25) {
    batch *= 2;
  }
  return Math.min(...Array.from({ length: 3 }, timed));
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
  test.each(Object.entries(TEXTS))(
    'takes time in proportion to the length of %s',
    (_text, textOf) => {
      const ratio = () => costOf(parse, textOf(4 * SIZE)) / costOf(parse, textOf(SIZE));
      // A machine under load may disturb one measurement, but not five.
      const ratios = [ratio()];
      while (ratios.length < 5 && Math.min(...ratios) > MOST) {
        ratios.push(ratio());
      }
      expect(Math.min(...ratios)).toBeLessThan(MOST);
    },
  );
});

test('a whole request with the longest headers that HTTP/2 delivers is refused without a long calculation', async () => {
  const slow = `a${' '.repeat(SIZE * 4)}b`;
  const start = performance.now();
  for (let n = 0; n < 20; n++) {
    await check({
      method: 'POST',
      url: `/?api_key=${slow}`,
      headers: { cookie: `${slow};sid=${slow}`, origin: slow, dpop: slow, host: slow },
    });
  }
  // Quadratic trimming takes 60 seconds here.
  expect(performance.now() - start).toBeLessThan(5_000);
});
