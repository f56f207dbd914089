import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import type { EndpointName } from './endpoints';

/** One request that was refused, as `node:diagnostics_channel` `latchkey:oauth-refusal` publishes it. Never a secret. */
export interface OAuthRefusal {
  readonly endpoint: EndpointName;
  /** Of the answer; 400 where the client is told by a redirect. */
  readonly status: number;
  /** What the client was told: a code of RFC 6749 §4.1.2.1 or §5.2. */
  readonly error: string;
  /** Why, in words that the client was not told. */
  readonly reason: string | undefined;
  /** The client that the request names, where it is a known one. It need not have proven that it is this one. */
  readonly clientId: string | undefined;
  readonly grantType: string | undefined;
  /** What kept us from deciding: the store's own error, or what a function of the app threw. */
  readonly cause: unknown;
}

const refusals = channel('latchkey:oauth-refusal');
const debug = debuglog('latchkey');

/** Tells who listens; `NODE_DEBUG=latchkey` prints one line. */
export function publishRefusal(refusal: OAuthRefusal): void {
  if (refusals.hasSubscribers) refusals.publish(refusal);
  if (!debug.enabled) return;
  const { endpoint, status, error, reason = '-', clientId = '-', grantType = '-', cause } = refusal;
  const from = cause instanceof Error ? ` cause=${JSON.stringify(cause.message)}` : '';
  debug('%s', `${status} ${error} endpoint=${endpoint} client=${clientId} grant_type=${grantType} reason=${JSON.stringify(reason)}${from}`);
}
