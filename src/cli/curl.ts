import { parseArgs } from 'node:util';
import { parse } from 'shell-quote';
import type { RequestLike } from '../carriers/carrier';
import { CommandError } from './terminal';

/** What of a curl line makes its request. Everything else (output, certificates, time limits) is passed over. */
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

/** The request that a pasted curl line would send. */
export function requestOf(line: string): RequestLike {
  const words = parse(line.replace(/\\\r?\n/g, ' ')).filter((word): word is string => typeof word === 'string');
  const { values, positionals } = parseArgs({ args: words.slice(1), options: OPTIONS, allowPositionals: true, strict: false });
  const texts = (name: keyof typeof OPTIONS): string[] => [values[name] ?? []].flat().filter((value) => typeof value === 'string');

  const address = texts('url')[0] ?? positionals.find((word) => /^(https?:\/\/|localhost|[\w.-]+[:/])/.test(word));
  if (address === undefined) throw new CommandError('the curl line names no URL');
  const url = new URL(/^https?:\/\//.test(address) ? address : `http://${address}`);
  const rawHeaders = ['Host', url.host];
  for (const header of texts('header')) {
    const colon = header.indexOf(':');
    if (colon > 0) rawHeaders.push(header.slice(0, colon).trim(), header.slice(colon + 1).trim());
  }
  for (const value of texts('oauth2-bearer')) rawHeaders.push('Authorization', `Bearer ${value}`);
  for (const value of texts('user')) rawHeaders.push('Authorization', `Basic ${Buffer.from(value).toString('base64')}`);
  for (const value of texts('cookie')) rawHeaders.push('Cookie', value);
  const hasBody = (['data', 'data-raw', 'data-urlencode', 'json', 'form'] as const).some((name) => texts(name).length > 0);
  return {
    method: texts('request')[0] ?? (values.head === true ? 'HEAD' : hasBody ? 'POST' : 'GET'),
    url: `${url.pathname}${url.search}`,
    headers: joined(rawHeaders),
    rawHeaders,
  };
}

/** Header lines as Node hands them over: the first `Authorization`, others joined. */
function joined(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const value = rawHeaders[i + 1] as string;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (name !== 'authorization') headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`;
  }
  return headers;
}
