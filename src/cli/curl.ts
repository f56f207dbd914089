import { parseArgs } from 'node:util';

import { parse } from 'shell-quote';

import type { RequestLike } from '../extractors/extractor';
import { headerOf, joined } from './headers';
import { CommandError } from './terminal';

/**
 * The curl options that shape the request. Others (output, certificates, time limits) are ignored.
 */
const OPTIONS = {
  header: { type: 'string', short: 'H', multiple: true },
  request: { type: 'string', short: 'X' },
  cookie: { type: 'string', short: 'b' },
  user: { type: 'string', short: 'u' },
  url: { type: 'string' },
  data: { type: 'string', short: 'd', multiple: true },
  'data-raw': { type: 'string', multiple: true },
  'data-urlencode': { type: 'string', multiple: true },
  json: { type: 'string', multiple: true },
  form: { type: 'string', short: 'F', multiple: true },
  head: { type: 'boolean', short: 'I' },
  'oauth2-bearer': { type: 'string' },
  output: { type: 'string', short: 'o' },
  'user-agent': { type: 'string', short: 'A' },
  referer: { type: 'string', short: 'e' },
  'max-time': { type: 'string', short: 'm' },
  cacert: { type: 'string' },
} as const;

/** Returns the request that a curl command would send. */
export function requestOf(line: string): RequestLike {
  const words = wordsOf(line.replace(/\\\r?\n/g, ' '));
  const { values, positionals } = parseArgs({
    args: words.slice(1),
    options: OPTIONS,
    allowPositionals: true,
    strict: false,
  });
  const texts = (name: keyof typeof OPTIONS): string[] =>
    [values[name] ?? []].flat().filter((value) => typeof value === 'string');

  const url = urlAmong([...texts('url'), ...positionals]);
  const rawHeaders = ['Host', url.host];
  for (const header of texts('header')) {
    rawHeaders.push(...headerOf(header));
  }
  for (const value of texts('oauth2-bearer')) {
    rawHeaders.push('Authorization', `Bearer ${value}`);
  }
  for (const value of texts('user')) {
    rawHeaders.push('Authorization', `Basic ${Buffer.from(value).toString('base64')}`);
  }
  for (const value of texts('cookie')) {
    rawHeaders.push('Cookie', value);
  }
  const hasBody = (['data', 'data-raw', 'data-urlencode', 'json', 'form'] as const).some(
    (name) => texts(name).length > 0,
  );
  const withoutRequest = hasBody ? 'POST' : 'GET';
  return {
    method: texts('request')[0] ?? (values.head === true ? 'HEAD' : withoutRequest),
    url: `${url.pathname}${url.search}`,
    headers: joined(rawHeaders),
    rawHeaders,
  };
}

/** Splits a command line as a shell would. Errors do not quote it: it has a secret. */
function wordsOf(line: string): string[] {
  if (/['"]/.test(line.replace(QUOTED, ''))) {
    throw new CommandError('the curl command has an unclosed quote');
  }
  try {
    // An unquoted query looks like a file name pattern.
    return parse(line).flatMap((word) => {
      if (typeof word === 'string') {
        return word;
      }
      return 'pattern' in word ? word.pattern : [];
    });
  } catch {
    throw new CommandError('the curl command is not valid shell syntax');
  }
}

const QUOTED = /\$'(?:\\[^]|[^'\\])*'|'[^']*'|"(?:\\[^]|[^"\\])*"|\\[^]/g;

/** Forms of the URL, the most certain first: a word may also be the value of an unknown option. */
const ADDRESSES = [/^https?:\/\//i, /^(localhost|[\w.-]+[:/])/, /\.[a-z]/i, /./];

function urlAmong(words: readonly string[]): URL {
  const [address] = ADDRESSES.flatMap((form) => words.filter((word) => form.test(word)));
  if (address === undefined) {
    throw new CommandError('the curl command has no URL');
  }
  const text = /^https?:\/\//i.test(address) ? address : `http://${address}`;
  if (!URL.canParse(text)) {
    throw new CommandError('the URL of the curl command is invalid');
  }
  return new URL(text);
}
