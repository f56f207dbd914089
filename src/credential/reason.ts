/**
 * Why a request was refused: for the operator, on the decision channel, never for the client.
 * The guide on errors says of each what the client did and what the operator can do.
 */
export const REASONS = [
  'missing',
  'multiple',
  'malformed',
  'unknown',
  'expired',
  'not_yet_valid',
  'revoked',
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

export type Reason = (typeof REASONS)[number];
