/** Parameters of a challenge, in the order in which they are sent. */
const PARAMETERS = [
  'realm',
  'error',
  'error_description',
  'scope',
  'acr_values',
  'max_age',
  'algs',
  'resource_metadata',
] as const;

export type ChallengeParameters = Readonly<
  Partial<Record<(typeof PARAMETERS)[number], string | undefined>>
>;

/**
 * Returns one `WWW-Authenticate` challenge. Pass constants and checked configuration only: a value
 * from the request could break out of the header.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3
 */
export function challenge(scheme: string, parameters: ChallengeParameters): string {
  const pairs = PARAMETERS.flatMap((name) =>
    parameters[name] === undefined ? [] : [`${name}="${parameters[name]}"`],
  );
  return pairs.length === 0 ? scheme : `${scheme} ${pairs.join(', ')}`;
}
