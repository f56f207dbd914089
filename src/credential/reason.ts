/** The reason codes. The guide to errors explains each of them. */
export const REASONS = [
  'missing',
  'multiple',
  'malformed',
  'unknown',
  'expired',
  'not_yet_valid',
  'revoked',
  'disabled',
  'bad_signature',
  'bad_issuer',
  'bad_audience',
  'bad_type',
  'bad_claim',
  'wrong_environment',
  'bad_proof',
  'replayed',
  'insufficient_scope',
  'denied',
  'step_up',
  'unavailable',
] as const;

/**
 * Why a request was rejected: for the operator, on the decision channel, never for the client. The
 * guide to errors explains each reason.
 */
export type Reason = (typeof REASONS)[number];
