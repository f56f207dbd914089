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
  /** For no credential, or an invalid one outside `Authorization`. */
  readonly bare: Challenges;
  readonly multiple: Challenges;
  /** For a step-up with a credential outside `Authorization`. */
  readonly stepUp: Challenges;
  readonly forInvalidToken: (scheme: string) => Challenges;
  readonly forInsufficientScope: (scheme: string) => Challenges;
  readonly forStepUp: (scheme: string) => Challenges;
  readonly forProof: (error: ChallengeError['error']) => Challenges;
}

const STEP_UP = {
  error: 'insufficient_user_authentication',
  error_description: 'A stronger or more recent authentication is required',
};
const MULTIPLE = {
  error: 'invalid_request',
  error_description: 'Multiple credentials in one request',
};
const INSUFFICIENT_SCOPE = {
  error: 'insufficient_scope',
  error_description: 'The request requires higher privileges',
};
const INVALID_TOKEN = {
  error: 'invalid_token',
  error_description: 'The access token is invalid or expired',
};

/** Builds the challenges of a guard. */
export function guardChallenges(
  context: ChallengeContext,
  { scopes, acrValues, maxAgeMs }: GuardRequirements,
): GuardChallenges {
  const { realm } = context;
  const scope = scopes?.join(' ');
  const challengeFor = challengeBuilder(context);
  // Bearer sorts before DPoP. It comes first for clients that read only one challenge.
  const schemes = [...new Set(context.extractors.flatMap(({ scheme }) => scheme ?? []))].sort();

  const bareFor = (scheme: string): string =>
    challengeFor(scheme, { realm: scheme === 'DPoP' ? undefined : realm, scope });
  const bare = schemes.length === 0 ? [bareFor('ApiKey')] : schemes.map(bareFor);
  const forError = (parameters: ChallengeParameters) =>
    challengesWith(challengeFor, { realm, ...parameters });
  const forEachScheme = (challengesFor: (scheme: string) => Challenges): Challenges =>
    schemes.length === 0 ? bare : schemes.flatMap(challengesFor);
  const forStepUp = forError({
    ...STEP_UP,
    acr_values: acrValues?.join(' '),
    max_age: maxAgeMs === undefined ? undefined : String(Math.floor(maxAgeMs / 1000)),
  });

  return {
    schemes,
    bare,
    multiple: forEachScheme(forError(MULTIPLE)),
    stepUp: forEachScheme(forStepUp),
    forInvalidToken(scheme) {
      if (scheme === 'DPoP') {
        return [challengeFor(scheme, { error: 'invalid_token', scope })];
      }
      // A token that is sent as Bearer may be bound to a key. The other challenges show the client
      // how to send it.
      return [
        challengeFor(scheme, { realm, ...INVALID_TOKEN, scope }),
        ...without(schemes, scheme).map(bareFor),
      ];
    },
    forInsufficientScope: forError({ ...INSUFFICIENT_SCOPE, scope }),
    forStepUp,
    forProof: (error) => [challengeFor('DPoP', { error })],
  };
}

type ChallengeFor = (scheme: string, parameters: ChallengeParameters) => string;

const challengesWith =
  (challengeFor: ChallengeFor, parameters: ChallengeParameters) =>
  (scheme: string): Challenges => [challengeFor(scheme, parameters)];

const without = (schemes: readonly string[], excluded: string): readonly string[] =>
  schemes.filter((scheme) => scheme !== excluded);

/** Returns a function that adds what the challenges of one scheme share. */
function challengeBuilder({ extractors, resourceMetadata }: ChallengeContext): ChallengeFor {
  const algs = extractors.find((extractor) => extractor.algs !== undefined)?.algs;
  return (scheme, parameters) =>
    challenge(scheme, {
      ...parameters,
      algs: scheme === 'DPoP' ? algs : undefined,
      resource_metadata: resourceMetadata,
    });
}
