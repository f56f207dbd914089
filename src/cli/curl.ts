import { parseArgs } from 'node:util';

import { parse } from 'shell-quote';

import type { RequestLike } from '../extractors/extractor';
import { joinHeaders, parseHeader } from './headers';
import { CommandError } from './terminal';

/** The options of curl that change the request, and those with a value that is not the URL. */
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

/** Parses a curl command, and returns the request that it would send. */
export function parseCurl(line: string): RequestLike {
  const words = splitWords(line.replace(/\\\r?\n/g, ' '));
  const { values, positionals } = parseArgs({
    args: words.slice(1),
    options: OPTIONS,
    allowPositionals: true,
    strict: false,
  });
  const optionValues = (name: keyof typeof OPTIONS): string[] =>
    [values[name] ?? []].flat().filter((value) => typeof value === 'string');

  const url = findUrl([...optionValues('url'), ...positionals]);
  const rawHeaders = ['Host', url.host];
  for (const header of optionValues('header')) {
    rawHeaders.push(...parseHeader(header));
  }
  for (const value of optionValues('oauth2-bearer')) {
    rawHeaders.push('Authorization', `Bearer ${value}`);
  }
  for (const value of optionValues('user')) {
    rawHeaders.push('Authorization', `Basic ${Buffer.from(value).toString('base64')}`);
  }
  for (const value of optionValues('cookie')) {
    rawHeaders.push('Cookie', value);
  }
  const hasBody = (['data', 'data-raw', 'data-urlencode', 'json', 'form'] as const).some(
    (name) => optionValues(name).length > 0,
  );
  const defaultMethod = hasBody ? 'POST' : 'GET';
  return {
    method: optionValues('request')[0] ?? (values.head === true ? 'HEAD' : defaultMethod),
    url: `${url.pathname}${url.search}`,
    headers: joinHeaders(rawHeaders),
    rawHeaders,
  };
}

/** Splits a command line like a shell. Errors do not quote it, because it contains a secret. */
function splitWords(line: string): string[] {
  if (/['"]/.test(line.replace(QUOTED, ''))) {
    throw new CommandError('the curl command has an unclosed quote');
  }
  try {
    // An unquoted query is parsed as a file name pattern.
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

/** Forms of a URL, the most certain first. A word may also be the value of an unknown option. */
const ADDRESSES = [/^https?:\/\//i, /^(localhost|[\w.-]+[:/])/, /\.[a-z]/i, /./];

function findUrl(words: readonly string[]): URL {
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
