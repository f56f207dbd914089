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

/**
 * Verifies that a request proves possession of everything its credential is bound to, and of what
 * its extractor requires. Members of `cnf` that are not confirmation methods are ignored (RFC 7800
 * §3.1). A method that nothing here can verify rejects: otherwise a stolen credential would be
 * accepted.
 *
 * @param required - what the extractor requires, whether or not the credential is bound
 * @param known - what can be verified whichever extractor read the credential
 */
export async function verifyPossession(
  request: RequestLike,
  confirmation: Confirmation | undefined,
  required: ProofOfPossession | undefined,
  known: readonly ProofOfPossession[],
  context: PossessionContext,
): Promise<PossessionResult> {
  const bound = new Map<string, unknown>([
    ...(required ? [[required.member, undefined] as const] : []),
    ...Object.entries(confirmation ?? {}),
  ]);
  const verifiable = [...(required ? [required] : []), ...known];
  let verified = 0;
  let nonce: string | undefined;
  for (const [member, value] of bound) {
    const possession = verifiable.find((one) => one.member === member);
    if (!possession && !CONFIRMATION_METHODS.has(member)) {
      continue;
    }
    const result = possession ? await possession.check(request, value, context) : UNVERIFIABLE;
    if (!result.ok) {
      return result;
    }
    verified++;
    nonce ??= result.nonce;
  }
  return verified > 0 || bound.size === 0 ? { ok: true, nonce } : UNVERIFIABLE;
}
