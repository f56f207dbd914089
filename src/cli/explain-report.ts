import type { Reason } from '../credential/reason';
import type { RequestLike } from '../extractors/extractor';
import type { AuthenticationResult } from '../http/check';
import { escapeHidden, printAs, type PrintContext, toJson } from './print';
import { guideTo } from './reasons';

/** A request, how the guards respond to it, and why. */
export interface Explanation {
  readonly request: RequestLike;
  readonly result: AuthenticationResult;
  /** What exactly was wrong with the credential. */
  readonly detail: string | undefined;
}

type Refused = Extract<AuthenticationResult, { readonly status: 'refused' }>;
type Accepted = Exclude<AuthenticationResult, Refused>;

/** Prints an explanation as text or JSON. */
export function printExplanation(
  { request, result, detail }: Explanation,
  context: PrintContext,
): void {
  if (result.status !== 'refused') {
    printAs(
      context,
      () => acceptedAsJson(result),
      () => acceptedAsText(result),
    );
    return;
  }
  const refusal = describeRefusal(result, request);
  printAs(
    context,
    () => toJson({ status: 'refused', ...refusal, detail }),
    () => refusedAsText(refusal, detail),
  );
}

function acceptedAsJson(result: Accepted): string {
  if (result.status === 'anonymous') {
    return toJson({ status: 'anonymous', scopes: [] });
  }
  const { subject, scopes, credentialId } = result.principal;
  return toJson({ status: 'authenticated', subject, scopes, credentialId });
}

function acceptedAsText(result: Accepted): string {
  if (result.status === 'anonymous') {
    return 'Accepted as anonymous: no credential is required.';
  }
  const { subject, scopes, credentialId } = result.principal;
  return escapeHidden(
    `Accepted: ${subject}, with ${scopes.join(' ') || 'no scopes'} (${credentialId ?? 'no ID'})`,
  );
}

function describeRefusal({ reason, refusal }: Refused, request: RequestLike) {
  const challenge = [refusal.headers['WWW-Authenticate'] ?? []].flat().join(', ');
  const { cause, section, fix } = guideTo(reason, request);
  const { status: answer, body } = refusal;
  return {
    answer,
    row: contractRow(reason, challenge),
    reason,
    cause,
    section,
    fix,
    challenge,
    body,
  };
}
type Description = ReturnType<typeof describeRefusal>;

function refusedAsText(description: Description, detail: string | undefined): string {
  const { answer, row, reason, cause, section, fix, challenge, body } = description;
  const response = [
    `${answer}, row ${row} of the contract: ${body}`,
    challenge && `WWW-Authenticate: ${challenge}`,
  ];
  const explanation = [
    `Reason: ${reason} (${section})`,
    detail && `Detail: ${escapeHidden(detail)}`,
    `Cause: ${cause}`,
    `Fix: ${fix}`,
  ];
  return [response, explanation].map((lines) => lines.filter(Boolean).join('\n')).join('\n\n');
}

const ROWS: Partial<Record<Reason, number>> = {
  missing: 1,
  multiple: 4,
  insufficient_scope: 5,
  denied: 6,
  step_up: 7,
  bad_proof: 8,
  replayed: 8,
  unavailable: 9,
};

/** Returns the row of "What clients see" in the guide to errors. */
const contractRow = (reason: Reason, challenge: string): number =>
  ROWS[reason] ?? (challenge.includes('error="invalid_token"') ? 2 : 3);
