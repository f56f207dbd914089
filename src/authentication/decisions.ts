import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';

import type { Reason } from '../credential/reason';

/** One decision, as `node:diagnostics_channel` `latchkey:decision` publishes it. Never a secret. */
export interface Decision {
  readonly outcome: 'authenticated' | 'anonymous' | 'refused';
  /** Status of the answer, where it was refused. */
  readonly status?: number | undefined;
  readonly reason?: Reason | undefined;
  readonly extractor?: string | undefined;
  readonly verifier?: string | undefined;
  readonly credentialId?: string | undefined;
  readonly subject?: string | undefined;
  /**
   * What exactly was wrong with the credential, for the operator: the claim that failed, for
   * example.
   */
  readonly detail?: string | undefined;
  readonly durationMs: number;
  /** What kept us from deciding (`unavailable`): the store's or the verifier's own error. */
  readonly error?: unknown;
}

const decisions = channel('latchkey:decision');
const debug = debuglog('latchkey');

/** Whether `NODE_DEBUG=latchkey` was set when the process started. */
export const isDebugging: boolean = debug.enabled;

/** When a decision begins; undefined if nobody wants to know of it. */
export const startOfDecision = (): number | undefined =>
  decisions.hasSubscribers || isDebugging ? performance.now() : undefined;

/**
 * One line for `NODE_DEBUG=latchkey`. Some of it clients say, who shall neither begin a line nor
 * command a terminal.
 */
export const printLine = (line: string): void =>
  debug('%s', line.replace(/\p{Cc}/gu, encodeURIComponent));

/** Tells who listens; `NODE_DEBUG=latchkey` prints one line a refusal. */
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
