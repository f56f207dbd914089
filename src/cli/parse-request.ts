import type { RequestLike } from '../extractors/extractor';
import { requestOf } from './curl';
import { headerOf, joined } from './headers';

/** Returns the request that a pasted curl command, header lines or a key stand for. */
export function requestFrom(pasted: string): RequestLike {
  const command = pasted.replace(/^[$%#]\s+/, '').replace(/^sudo\s+/, '');
  if (/^(\S*[\\/])?curl(\.exe)?(\s|$)/.test(command)) {
    return requestOf(command);
  }
  // Keys and tokens have no colon. Lines next to headers are the rest of a request, or of the
  // output of curl -v.
  const headers = pasted
    .split('\n')
    .flatMap((line) => /^(?:> )?([\w-]+:.*)/.exec(line.trim())?.[1] ?? []);
  const rawHeaders =
    headers.length > 0 ? headers.flatMap(headerOf) : ['Authorization', `Bearer ${pasted}`];
  return { method: 'GET', url: '/', headers: joined(rawHeaders), rawHeaders };
}
