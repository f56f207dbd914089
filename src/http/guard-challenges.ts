import type { ChallengeError, Extractor } from '../extractors/extractor';
import { challenge, type ChallengeParameters } from './challenge';

/** What every challenge of one `latchkey()` instance shares. */
export interface ChallengeContext {
  readonly realm: string;
  readonly extractors: readonly Extractor[];
  /** URL of the RFC 9728 metadata. */
  readonly resourceMetadata: string | undefined;
}

/** What a guard requires, as its challenges state it. */
export interface GuardRequirements {
  readonly scopes?: readonly string[] | undefined;
  readonly acrValues?: readonly string[] | undefined;
  readonly maxAgeMs?: number | undefined;
}

type Challenges = readonly string[];

/** The `WWW-Authenticate` challenges of one guard, one header line each. */
export interface GuardChallenges {
  /** Schemes of `Authorization` that are configured, Bearer first. */
  readonly schemes: readonly string[];
  /** No credential, or one that was sent outside `Authorization`. */
  readonly bare: Challenges;
  readonly multiple: Challenges;
  /** A step-up for a credential that was sent outside `Authorization`. */
  readonly stepUp: Challenges;
  readonly forInvalidToken: (scheme: string) => Challenges;
  readonly forInsufficientScope: (scheme: string) => Challenges;
  readonly forStepUp: (scheme: string) => Challenges;
  readonly forProof: (error: ChallengeError['error']) => Challenges;
}

/** Builds the challenges of a guard. */
export function guardChallenges(
  { realm, extractors, resourceMetadata }: ChallengeContext,
  { scopes, acrValues, maxAgeMs }: GuardRequirements,
): GuardChallenges {
  const scope = scopes?.join(' ');
  const algs = extractors.find((extractor) => extractor.algs !== undefined)?.algs;
  // Bearer sorts before DPoP. It comes first for clients that read only one challenge.
  const schemes = [...new Set(extractors.flatMap(({ scheme }) => scheme ?? []))].sort();

  const challengeFor = (scheme: string, parameters: ChallengeParameters): string =>
    challenge(scheme, {
      ...parameters,
      algs: scheme === 'DPoP' ? algs : undefined,
      resource_metadata: resourceMetadata,
    });
  const bareChallengeFor = (scheme: string): string =>
    challengeFor(scheme, { realm: scheme === 'DPoP' ? undefined : realm, scope });
  const bare =
    schemes.length === 0
      ? [challengeFor('ApiKey', { realm, scope })]
      : schemes.map(bareChallengeFor);

  const forError = (parameters: ChallengeParameters) => (scheme: string) => [
    challengeFor(scheme, { realm, ...parameters }),
  ];
  const forEachScheme = (challengesFor: (scheme: string) => Challenges) =>
    schemes.length === 0 ? bare : schemes.flatMap(challengesFor);

  const forStepUp = forError({
    error: 'insufficient_user_authentication',
    error_description: 'A stronger or more recent authentication is required',
    acr_values: acrValues?.join(' '),
    max_age: maxAgeMs === undefined ? undefined : String(Math.floor(maxAgeMs / 1000)),
  });

  return {
    schemes,
    bare,
    multiple: forEachScheme(
      forError({
        error: 'invalid_request',
        error_description: 'Multiple credentials in one request',
      }),
    ),
    stepUp: forEachScheme(forStepUp),
    forInvalidToken(scheme) {
      if (scheme === 'DPoP') {
        return [challengeFor(scheme, { error: 'invalid_token', scope })];
      }
      const parameters = {
        realm,
        error: 'invalid_token',
        error_description: 'The access token is invalid or expired',
        scope,
      };
      // A bearer token may be one that is bound to a key: the other challenge says how to send
      // those.
      return [
        challengeFor(scheme, parameters),
        ...schemes.filter((other) => other !== scheme).map(bareChallengeFor),
      ];
    },
    forInsufficientScope: forError({
      error: 'insufficient_scope',
      error_description: 'The request requires higher privileges',
      scope,
    }),
    forStepUp,
    forProof: (error) => [challengeFor('DPoP', { error })],
  };
}
