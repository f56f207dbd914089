/** Parameters of a challenge, in the order in which they are sent. */
const PARAMETERS = ['realm', 'error', 'error_description', 'scope', 'acr_values', 'max_age', 'algs', 'resource_metadata'] as const;

export type ChallengeParameters = Readonly<Partial<Record<(typeof PARAMETERS)[number], string | undefined>>>;

/**
 * One `WWW-Authenticate` challenge (RFC 9110 §11.6.1, RFC 6750 §3). Made of constants and checked configuration alone:
 * a value from the request could break the header, or out of it.
 */
export function challenge(scheme: string, parameters: ChallengeParameters): string {
  const pairs = PARAMETERS.flatMap((name) => (parameters[name] === undefined ? [] : [`${name}="${parameters[name]}"`]));
  return pairs.length === 0 ? scheme : `${scheme} ${pairs.join(', ')}`;
}
