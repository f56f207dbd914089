import type { RequestLike } from '../extractors/extractor';
import { requestOf } from './curl';
import { headerOf, joined } from './headers';

/** The request that someone means who pastes a curl line, header lines or a key. */
export function requestFrom(pasted: string): RequestLike {
  const command = pasted.replace(/^[$%#]\s+/, '').replace(/^sudo\s+/, '');
  if (/^(\S*[\\/])?curl(\.exe)?(\s|$)/.test(command)) return requestOf(command);
  // No character of a key or token is a colon. What stands beside header lines is the rest of a request, or of what curl -v prints.
  const headers = pasted.split('\n').flatMap((line) => /^(?:> )?([\w-]+:.*)/.exec(line.trim())?.[1] ?? []);
  const rawHeaders = headers.length > 0 ? headers.flatMap(headerOf) : ['Authorization', `Bearer ${pasted}`];
  return { method: 'GET', url: '/', headers: joined(rawHeaders), rawHeaders };
}
