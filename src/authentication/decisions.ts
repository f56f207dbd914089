import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';

import type { Reason } from '../credential/reason';

/**
 * One decision of a guard or of `check()`, as `node:diagnostics_channel` publishes it on
 * `latchkey:decision`. It never contains a secret.
 */
export interface Decision {
  /** Whether the request was accepted, accepted without a credential, or rejected. */
  readonly outcome: 'authenticated' | 'anonymous' | 'refused';
  /** HTTP status of the response, if the request was rejected. */
  readonly status?: number | undefined;
  /** Why the request was rejected. */
  readonly reason?: Reason | undefined;
  /** The name of the extractor that found the credential. */
  readonly extractor?: string | undefined;
  /** The name of the verifier that verified the credential. */
  readonly verifier?: string | undefined;
  /** The ID of the credential, if it is valid. */
  readonly credentialId?: string | undefined;
  /** The subject of the credential, if it is valid. */
  readonly subject?: string | undefined;
  /**
   * What exactly was wrong with the credential, for the operator: the claim that failed, for
   * example.
   */
  readonly detail?: string | undefined;
  /** How long the decision took, in milliseconds. */
  readonly durationMs: number;
  /** With the reason `unavailable`: the error of the store, verifier or policy. */
  readonly error?: unknown;
}

const decisions = channel('latchkey:decision');
const debug = debuglog('latchkey');

/** Whether `NODE_DEBUG=latchkey` was set when the process started. */
export const isDebugging: boolean = debug.enabled;

/** Returns the time at which a decision begins; undefined if there is no subscriber. */
export const startOfDecision = (): number | undefined =>
  decisions.hasSubscribers || isDebugging ? performance.now() : undefined;

/**
 * Prints one line for `NODE_DEBUG=latchkey`. Parts of it come from clients, so control characters
 * are escaped to prevent log forging and terminal escapes.
 */
export const printLine = (line: string): void =>
  debug('%s', line.replace(/\p{Cc}/gu, encodeURIComponent));

/** Publishes a decision. `NODE_DEBUG=latchkey` prints one line for each refusal. */
export function publishDecision(startedAt: number, decision: Omit<Decision, 'durationMs'>): void {
  if (decisions.hasSubscribers) {
    decisions.publish({ ...decision, durationMs: performance.now() - startedAt });
  }
  if (isDebugging && decision.outcome === 'refused') {
    const {
      status,
      reason,
      extractor = '-',
      verifier = '-',
      credentialId = '-',
      subject = '-',
      detail,
      error,
    } = decision;
    const why = detail === undefined ? '' : ` detail=${JSON.stringify(detail)}`;
    const cause = error instanceof Error ? ` error=${JSON.stringify(error.message)}` : '';
    const line = `${status} ${reason} extractor=${extractor} verifier=${verifier} credential=${credentialId} subject=${subject}${why}${cause}`;
    printLine(line);
  }
}
