import type { Confirmation } from '../credential/record';
import type {
  PossessionContext,
  PossessionResult,
  ProofOfPossession,
  RequestLike,
} from '../extractors/extractor';

/** The registered confirmation methods (RFC 7800 §6.2, RFC 8705 §3.1, RFC 9449 §6.1). */
const CONFIRMATION_METHODS: ReadonlySet<string> = new Set([
  'jwk',
  'jwe',
  'jku',
  'kid',
  'x5t#S256',
  'jkt',
]);
const UNVERIFIABLE: PossessionResult = { ok: false, reason: 'bad_proof' };

/** What a request must prove possession of. */
export interface Binding {
  /** What the credential is bound to. */
  readonly confirmation: Confirmation | undefined;
  /** What the extractor requires, even of a credential that is not bound. */
  readonly required: ProofOfPossession | undefined;
}

/**
 * Verifies that a request proves possession of everything its credential is bound to, and of what
 * its extractor requires. Members of `cnf` that are not confirmation methods are ignored (RFC 7800
 * §3.1). A method that cannot be verified rejects, because a stolen credential would be accepted
 * otherwise.
 *
 * @param known - the proofs that can be verified whichever extractor found the credential
 */
export async function verifyPossession(
  request: RequestLike,
  { confirmation = {}, required }: Binding,
  known: readonly ProofOfPossession[],
  context: PossessionContext,
): Promise<PossessionResult> {
  const verifiable = new Map(known.map((one) => [one.member, one]));
  const bound = new Map<string, unknown>();
  if (required) {
    verifiable.set(required.member, required);
    bound.set(required.member, undefined);
  }
  for (const [member, value] of Object.entries(confirmation)) {
    bound.set(member, value);
  }
  const isMethod = ([member]: [string, unknown]): boolean =>
    verifiable.has(member) || CONFIRMATION_METHODS.has(member);
  const methods = [...bound].filter(isMethod);
  if (methods.length === 0 && bound.size > 0) {
    return UNVERIFIABLE;
  }
  let nonce: string | undefined;
  for (const [member, value] of methods) {
    const method = verifiable.get(member);
    const result = method ? await method.check(request, value, context) : UNVERIFIABLE;
    if (!result.ok) {
      return result;
    }
    nonce ??= result.nonce;
  }
  return { ok: true, nonce };
}
