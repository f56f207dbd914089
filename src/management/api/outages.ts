import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';

/**
 * A request to the management API that was 503, as `node:diagnostics_channel` `latchkey:management`
 * publishes it.
 */
export interface ManagementOutage {
  /** The HTTP method. */
  readonly method: string;
  /** The path below the mount path. */
  readonly path: string;
  /** The error of the store, or of your `account` function. */
  readonly error: unknown;
}

const events = channel('latchkey:management');
const debug = debuglog('latchkey');

/** Publishes an outage. `NODE_DEBUG=latchkey` prints it as one line. */
export function publishOutage(outage: ManagementOutage): void {
  events.publish(outage);
  if (debug.enabled) {
    const { method, path, error } = outage;
    debug('%s', `management ${method} ${path} error=${JSON.stringify(String(error))}`);
  }
}

const OUTAGES: ReadonlySet<unknown> = new Set([
  'ERR_LATCHKEY_STORE',
  'ERR_LATCHKEY_TIMEOUT',
  'ERR_LATCHKEY_OVERLOADED',
]);

/** Whether an error is an outage. The other errors with a code of Latchkey are mistakes in code. */
export function isOutage(error: unknown): boolean {
  const { code } = Object(error) as { readonly code?: unknown };
  return OUTAGES.has(code) || !(typeof code === 'string' && code.startsWith('ERR_LATCHKEY_'));
}
