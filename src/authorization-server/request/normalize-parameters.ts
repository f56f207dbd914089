import { type Audiences, toAudience } from '../audiences';
import { withTildes } from '../issued-tokens';
import type { ClientCompatibility } from './client-compatibility';

export interface ParameterRules {
  readonly compatibility: ClientCompatibility;
  readonly audiences: Audiences;
  /** The declared scopes. */
  readonly scopes: readonly string[];
}

/**
 * Converts the parameters that clients spell in several ways to the spelling that oidc-provider
 * knows.
 */
export function normalizeParameters(
  parameters: URLSearchParams,
  rules: ParameterRules,
): URLSearchParams {
  const normalize: Readonly<Record<string, (value: string) => string>> = {
    scope: (value) => normalizeScope(value, rules),
    resource: (value) => toAudience(value, rules.audiences),
    token: withTildes,
  };
  const changes = new Map(Object.entries(normalize));
  return new URLSearchParams(
    [...parameters].map(([name, value]): [string, string] => [
      name,
      changes.get(name)?.(value) ?? value,
    ]),
  );
}

function normalizeScope(value: string, { compatibility, scopes }: ParameterRules): string {
  const { commaSeparatedScopes = false, ignoreUnknownScopes = false } = compatibility;
  const spaced = commaSeparatedScopes ? value.split(/[ ,]+/).filter(Boolean).join(' ') : value;
  if (!ignoreUnknownScopes) {
    return spaced;
  }
  // Never empty: a request without a scope would request all scopes of the client.
  return (
    spaced
      .split(' ')
      .filter((scope) => scopes.includes(scope))
      .join(' ') || value
  );
}
