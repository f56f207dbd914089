import { typeError } from '../internal/errors';
import type { ServerResponse } from 'node:http';
import type { Extractor, ChallengeError } from '../extractors/extractor';
import { deepFreeze } from '../credential/freeze';
import type { Reason } from '../credential/reason';
import { challenge, type ChallengeParameters } from './challenge';

/** An answer that refuses: what goes over the wire, and nothing of why. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}

/** Replaces the documented body: an object to send as JSON, or JSON under a content type of its own. Status and challenge stay. */
export type RefusalBody = (refusal: Refusal) => object | { readonly contentType: string; readonly json: unknown };

/** What every refusal of one instance shares. */
export interface RefusalContext {
  readonly realm: string;
  readonly extractors: readonly Extractor[];
  /** URL of the RFC 9728 metadata. */
  readonly resourceMetadata: string | undefined;
  readonly body: RefusalBody | undefined;
}

/** What a guard asks for, as its challenges tell it. */
export interface GuardRequirements {
  readonly scopes?: readonly string[] | undefined;
  readonly acrValues?: readonly string[] | undefined;
  readonly maxAgeMs?: number | undefined;
}

/** The refusal for a reason, for the extractor that the credential came by, and for what the request lacked beside it. */
export type RefusalTable = (reason: Reason, extractor: Extractor | undefined, demand?: ChallengeError) => Refusal;

const RESPONSES = {
  unauthorized: { status: 401, message: 'Invalid or missing API key' },
  bad_request: { status: 400, message: 'Multiple credentials in one request' },
  forbidden: { status: 403, message: 'Insufficient permissions for this action' },
  service_unavailable: { status: 503, message: 'Authentication is temporarily unavailable' },
} as const;

/** Every refusal of one guard, built when the guard is: per request nothing is left but to choose. */
export function refusalTable(
  { realm, extractors, resourceMetadata, body }: RefusalContext,
  { scopes, acrValues, maxAgeMs }: GuardRequirements,
): RefusalTable {
  const scope = scopes?.join(' ');
  const algs = extractors.find((extractor) => extractor.algs !== undefined)?.algs;
  // Bearer first, for clients that read one challenge alone; it comes before the other in the alphabet.
  const schemes = [...new Set(extractors.flatMap(({ scheme }) => scheme ?? []))].sort();

  const under = (scheme: string, parameters: ChallengeParameters): string =>
    challenge(scheme, { ...parameters, ...(scheme === 'DPoP' && { algs }), resource_metadata: resourceMetadata });
  const bareUnder = (scheme: string): string => under(scheme, { ...(scheme !== 'DPoP' && { realm }), scope });
  /** What went wrong where a credential came under the scheme. A bearer token may be one that is bound: so it is told how those are brought. */
  const invalidUnder = (scheme: string): readonly string[] =>
    scheme === 'DPoP'
      ? [under(scheme, { error: 'invalid_token', scope })]
      : [
          under(scheme, { realm, error: 'invalid_token', error_description: 'The access token is invalid or expired', scope }),
          ...schemes.filter((other) => other !== scheme).map(bareUnder),
        ];
  const tells = (parameters: ChallengeParameters) => (scheme: string) => [under(scheme, { realm, ...parameters })];

  const bareChallenges = schemes.length === 0 ? [under('ApiKey', { realm, scope })] : schemes.map(bareUnder);
  const forAll = (challengesOf: (scheme: string) => readonly string[]) =>
    schemes.length === 0 ? bareChallenges : schemes.flatMap(challengesOf);
  const byScheme = (error: keyof typeof RESPONSES, challengesOf: (scheme: string) => readonly string[], otherwise: Refusal) => {
    const refusals = new Map<string | undefined, Refusal>(schemes.map((scheme) => [scheme, refusal(error, challengesOf(scheme))]));
    return (extractor: Extractor | undefined): Refusal => refusals.get(extractor?.scheme) ?? otherwise;
  };

  const bare = refusal('unauthorized', bareChallenges);
  const invalidToken = byScheme('unauthorized', invalidUnder, bare);
  const multiple = refusal(
    'bad_request',
    forAll(tells({ error: 'invalid_request', error_description: 'Multiple credentials in one request' })),
  );
  const forbidden = refusal('forbidden', []);
  const insufficientScope = byScheme(
    'forbidden',
    tells({ error: 'insufficient_scope', error_description: 'The request requires higher privileges', scope }),
    forbidden,
  );
  const loginWanted = tells({
    error: 'insufficient_user_authentication',
    error_description: 'A stronger or more recent authentication is required',
    acr_values: acrValues?.join(' '),
    max_age: maxAgeMs === undefined ? undefined : String(Math.floor(maxAgeMs / 1000)),
  });
  const stepUp = byScheme('unauthorized', loginWanted, refusal('unauthorized', forAll(loginWanted)));
  const demanded = {
    invalid_dpop_proof: refusal('unauthorized', [under('DPoP', { error: 'invalid_dpop_proof' })]),
    use_dpop_nonce: refusal('unauthorized', [under('DPoP', { error: 'use_dpop_nonce' })]),
  };
  const unavailable = refusal('service_unavailable', [], { 'Retry-After': '1' });

  const select: RefusalTable = (reason, extractor, demand) => {
    switch (reason) {
      case 'missing':
        return bare;
      case 'multiple':
        return multiple;
      case 'unavailable':
        return unavailable;
      case 'denied':
        return forbidden;
      case 'insufficient_scope':
        return insufficientScope(extractor);
      case 'step_up':
        return stepUp(extractor);
      default:
        return demand ? withNonce(demanded[demand.error], demand.nonce) : invalidToken(extractor);
    }
  };
  return body ? (...why) => withBody(select(...why), body) : select;
}

/** The one thing that changes from request to request. */
const withNonce = (refused: Refusal, nonce: string | undefined): Refusal =>
  nonce === undefined ? refused : deepFreeze({ ...refused, headers: { ...refused.headers, 'DPoP-Nonce': nonce } });

function refusal(error: keyof typeof RESPONSES, challenges: readonly string[], more: Readonly<Record<string, string>> = {}): Refusal {
  const { status, message } = RESPONSES[error];
  const [only, ...others] = challenges;
  return withContent(
    { status, headers: { ...(only !== undefined && { 'WWW-Authenticate': others.length === 0 ? only : challenges }), ...more }, body: '' },
    'application/json; charset=utf-8',
    { error, message },
  );
}

/** RFC 9110 §5.5. Node's own check is not asked: since Node 22, an import of `node:http` loads all of undici. */
const FIELD_VALUE = /^[\t -~\x80-\xff]*$/;

function withContent({ status, headers }: Refusal, contentType: string, json: unknown): Refusal {
  if (!FIELD_VALUE.test(contentType))
    throw typeError('ERR_LATCHKEY_OPTION', `latchkey(): option "body": ${JSON.stringify(contentType)} is no content type`);
  const body = JSON.stringify(json);
  const content = { 'Content-Type': contentType, 'Content-Length': String(Buffer.byteLength(body)), 'Cache-Control': 'no-store' };
  return deepFreeze({ status, headers: { ...headers, ...content }, body });
}

function withBody(documented: Refusal, body: RefusalBody): Refusal {
  const replaced: unknown = body(documented);
  if (typeof replaced !== 'object' || replaced === null || isPromiseLike(replaced))
    throw typeError('ERR_LATCHKEY_OPTION', 'latchkey(): option "body" must return an object, or { contentType, json }');
  const { contentType, json } = replaced as { contentType?: unknown; json?: unknown };
  return typeof contentType === 'string' && json !== undefined
    ? withContent(documented, contentType, json)
    : withContent(documented, 'application/json; charset=utf-8', replaced);
}

const isPromiseLike = (value: object): boolean => 'then' in value && typeof value.then === 'function';

/** Writes a refusal: the one place that does. What others set before, CORS for example, stays. */
export function sendRefusal(method: string | undefined, res: ServerResponse, { status, headers, body }: Refusal): void {
  res.statusCode = status;
  for (const name of Object.keys(headers)) res.setHeader(name, headers[name] as string | readonly string[]);
  res.end(method === 'HEAD' ? undefined : body);
}
