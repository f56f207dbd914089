import { deepFreeze } from '../credential/freeze';
import type { Reason } from '../credential/reason';
import type { ChallengeError, Extractor } from '../extractors/extractor';
import { typeError } from '../internal/errors';
import {
  type ChallengeContext,
  type GuardChallenges,
  guardChallenges,
  type GuardRequirements,
} from './guard-challenges';

/**
 * A response that rejects a request: what the client receives, and nothing about the cause. Frozen
 * and shared between requests.
 */
export interface Refusal {
  /** HTTP status: 400, 401, 403 or 503. */
  readonly status: number;
  /** Response headers. A list stands for several header lines of one name. */
  readonly headers: Record<string, string | string[]>;
  /** JSON text. Send it on every method but `HEAD`. */
  readonly body: string;
}

/**
 * Returns what replaces the documented body: an object to send as JSON, or `{ contentType, json }`
 * for another media type. The status and the headers with the challenge do not
 * change.
 */
export type RefusalBody = (
  refusal: Refusal,
) => object | { readonly contentType: string; readonly json: unknown };

/** What every refusal of one `latchkey()` instance shares. */
export interface RefusalContext extends ChallengeContext {
  readonly body: RefusalBody | undefined;
}

/**
 * Selects the refusal for a reason, the extractor that found the credential, and the error of its
 * DPoP proof.
 */
export type RefusalTable = (
  reason: Reason,
  extractor: Extractor | undefined,
  demand?: ChallengeError,
) => Refusal;

const RESPONSES = {
  unauthorized: { status: 401, message: 'Invalid or missing API key' },
  bad_request: { status: 400, message: 'Multiple credentials in one request' },
  forbidden: { status: 403, message: 'Insufficient permissions for this action' },
  service_unavailable: { status: 503, message: 'Authentication is temporarily unavailable' },
} as const;

/** Builds every refusal of a guard when the guard is created. A request only selects one. */
export function refusalTable(
  context: RefusalContext,
  requirements: GuardRequirements,
): RefusalTable {
  const select = documentedRefusals(guardChallenges(context, requirements));
  const { body } = context;
  return body ? (...cause) => withBody(select(...cause), body) : select;
}

function documentedRefusals(challenges: GuardChallenges): RefusalTable {
  const { schemes } = challenges;
  const missing = refusal('unauthorized', challenges.bare);
  const multiple = refusal('bad_request', challenges.multiple);
  const unavailable = refusal('service_unavailable', [], { 'Retry-After': '1' });
  const forbidden = refusal('forbidden', []);
  const otherStepUp = refusal('unauthorized', challenges.stepUp);
  const invalidTokens = byScheme(schemes, 'unauthorized', challenges.forInvalidToken);
  const insufficientScopes = byScheme(schemes, 'forbidden', challenges.forInsufficientScope);
  const stepUps = byScheme(schemes, 'unauthorized', challenges.forStepUp);
  const proofErrors = {
    invalid_dpop_proof: refusal('unauthorized', challenges.forProof('invalid_dpop_proof')),
    use_dpop_nonce: refusal('unauthorized', challenges.forProof('use_dpop_nonce')),
  };

  return (reason, extractor, demand) => {
    switch (reason) {
      case 'missing':
        return missing;
      case 'multiple':
        return multiple;
      case 'unavailable':
        return unavailable;
      case 'denied':
        return forbidden;
      case 'insufficient_scope':
        return find(insufficientScopes, extractor, forbidden);
      case 'step_up':
        return find(stepUps, extractor, otherStepUp);
      default:
        return demand
          ? withNonce(proofErrors[demand.error], demand.nonce)
          : find(invalidTokens, extractor, missing);
    }
  };
}

type ByScheme = ReadonlyMap<string | undefined, Refusal>;

const find = (refusals: ByScheme, extractor: Extractor | undefined, otherwise: Refusal): Refusal =>
  refusals.get(extractor?.scheme) ?? otherwise;

/** The refusals of credentials that came under a scheme of `Authorization`. */
const byScheme = (
  schemes: readonly string[],
  error: keyof typeof RESPONSES,
  challengesFor: (scheme: string) => readonly string[],
): ByScheme => new Map(schemes.map((scheme) => [scheme, refusal(error, challengesFor(scheme))]));

/** The nonce is the only part of a refusal that changes between requests. */
const withNonce = (refused: Refusal, nonce: string | undefined): Refusal =>
  nonce === undefined
    ? refused
    : deepFreeze({ ...refused, headers: { ...refused.headers, 'DPoP-Nonce': nonce } });

function refusal(
  error: keyof typeof RESPONSES,
  challenges: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Refusal {
  const { status, message } = RESPONSES[error];
  const headers: Refusal['headers'] = {};
  const [only, ...others] = challenges;
  if (only !== undefined) {
    headers['WWW-Authenticate'] = others.length === 0 ? only : [only, ...others];
  }
  Object.assign(headers, more);
  return withContent({ status, headers }, 'application/json; charset=utf-8', { error, message });
}

/**
 * RFC 9110 §5.5. Node's own check would need an import of `node:http`, which loads all of undici
 * since Node 22.
 */
const FIELD_VALUE = /^[\t -~\x80-\xff]*$/;

function withContent(
  { status, headers }: Omit<Refusal, 'body'>,
  contentType: string,
  json: unknown,
): Refusal {
  if (!FIELD_VALUE.test(contentType)) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      `latchkey(): option "body" must return a valid content type, got ${JSON.stringify(contentType)}`,
    );
  }
  const body = toJson(json);
  const content = {
    'Content-Type': contentType,
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
  };
  return deepFreeze({ status, headers: { ...headers, ...content }, body });
}

function toJson(value: unknown): string {
  const message = 'latchkey(): option "body" must return something that JSON can represent';
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw typeError('ERR_LATCHKEY_OPTION', message, { cause });
  }
  if (text === undefined) {
    throw typeError('ERR_LATCHKEY_OPTION', message);
  }
  return text;
}

function withBody(documented: Refusal, body: RefusalBody): Refusal {
  const replaced: unknown = body(documented);
  if (typeof replaced !== 'object' || replaced === null || isPromiseLike(replaced)) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      'latchkey(): option "body" must return an object, or { contentType, json }',
    );
  }
  if ('contentType' in replaced && typeof replaced.contentType === 'string') {
    const { contentType } = replaced;
    if ('json' in replaced && replaced.json !== undefined) {
      return withContent(documented, contentType, replaced.json);
    }
  }
  return withContent(documented, 'application/json; charset=utf-8', replaced);
}

const isPromiseLike = (value: object): boolean =>
  'then' in value && typeof value.then === 'function';
