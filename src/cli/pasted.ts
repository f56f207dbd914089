import type { RequestLike } from '../carriers/carrier';
import { requestOf } from './curl';
import { headerOf, joined } from './headers';

/** The request that someone means who pastes a curl line, header lines or a key. */
export function requestFrom(pasted: string): RequestLike {
  const command = pasted.replace(/^[$%#]\s+/, '').replace(/^sudo\s+/, '');
  if (/^(\S*[\\/])?curl(\.exe)?(\s|$)/.test(command)) return requestOf(command);
  const lines = pasted.split('\n').filter((line) => line.trim() !== '');
  // No character of a key or token is a colon.
  const isHeaders = lines.every((line) => /^[\w-]+:/.test(line.trim()));
  const rawHeaders = isHeaders ? lines.flatMap(headerOf) : ['Authorization', `Bearer ${pasted}`];
  return { method: 'GET', url: '/', headers: joined(rawHeaders), rawHeaders };
}
