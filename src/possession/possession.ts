import type { ProofOfPossession, PossessionContext, RequestLike, PossessionResult } from '../extractors/extractor';
import type { Confirmation } from '../credential/record';

const UNKNOWN_MEMBER: PossessionResult = { ok: false, reason: 'bad_proof' };

/**
 * Whether a request shows all that its credential is bound to, and what the way it came asks to be bound to. A member of `cnf`
 * that nobody here knows is a refusal: to take the credential without would be to take a stolen one.
 */
export async function verifyPossession(
  request: RequestLike,
  confirmation: Confirmation | undefined,
  required: ProofOfPossession | undefined,
  known: readonly ProofOfPossession[],
  context: PossessionContext,
): Promise<PossessionResult> {
  const bound = { ...(required && { [required.member]: undefined }), ...confirmation };
  let nonce: string | undefined;
  for (const [member, value] of Object.entries(bound)) {
    const possession = member === required?.member ? required : known.find((one) => one.member === member);
    const shown = possession ? await possession.check(request, value, context) : UNKNOWN_MEMBER;
    if (!shown.ok) return shown;
    nonce ??= shown.nonce;
  }
  return { ok: true, nonce };
}
