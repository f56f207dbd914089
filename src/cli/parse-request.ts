import type { RequestLike } from '../extractors/extractor';
import { parseCurl } from './curl';
import { joinHeaders, parseHeader } from './headers';

/** Returns the request that a pasted curl command, header lines or a key describe. */
export function requestFrom(pasted: string): RequestLike {
  const command = pasted.replace(/^[$%#]\s+/, '').replace(/^sudo\s+/, '');
  if (/^(\S*[\\/])?curl(\.exe)?(\s|$)/.test(command)) {
    return parseCurl(command);
  }
  // Keys and tokens have no colon. Other lines between headers are ignored, such as the request
  // line in the output of curl -v.
  const headers = pasted
    .split('\n')
    .flatMap((line) => /^(?:> )?([\w-]+:.*)/.exec(line.trim())?.[1] ?? []);
  const rawHeaders =
    headers.length > 0 ? headers.flatMap(parseHeader) : ['Authorization', `Bearer ${pasted}`];
  return { method: 'GET', url: '/', headers: joinHeaders(rawHeaders), rawHeaders };
}
