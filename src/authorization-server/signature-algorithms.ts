/** Algorithms of DPoP proofs: those that guards accept by default. */
export const DPOP_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] as const;

/** Algorithms of the assertions by which clients authenticate (RFC 7523). */
export const ASSERTION_ALGORITHMS = [
  ...DPOP_ALGORITHMS,
  'ES384',
  'ES512',
  'PS384',
  'PS512',
  'RS384',
  'RS512',
] as const;
