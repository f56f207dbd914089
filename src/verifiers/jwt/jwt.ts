import type { Credential } from '../../credential/credential';
import { andThen, isPromise } from '../../internal/promises';
import { reject, type Rejection } from '../rejection';
import { AUTHORIZATION, type Verification, type Verifier } from '../verifier';
import {
  bareType,
  type ClaimsPolicy,
  DEFAULT_TOLERANCE_MS,
  expiryOf,
  isText,
  ownOf,
  scopesOf,
  subjectOf,
  validateClaims,
} from './claims';
import { exampleOfPattern, isPattern } from './issuer-pattern';
import { type Issuers, issuersOf } from './issuers';
import { checkJwtOptions, type JwtOptions } from './jwt-options';
import {
  type JwtRevocations,
  jwtRevocations,
  type RevocableVerifier,
  type RevocationStore,
} from './jwt-revocations';
import type { KeySource, VerificationKey } from './keys';
import { type CompactJws, jwsOf } from './parse-jws';
import { type Algorithm, loadJsonwebtoken, verifySignature } from './signature';

const DAY_MS = 86_400_000;
const RFC9068_CLAIMS = ['sub', 'client_id', 'iat', 'jti'];

/**
 * Creates a verifier of an issuer's JWT access tokens. It verifies the signature first, then time,
 * issuer, audience and type. The issuer's keys are discovered when the first token arrives, unless
 * you pass them. Several issuers are several verifiers.
 *
 * @param options - `issuer` and `audience` are required
 * @returns a verifier for `latchkey({ verifiers })`, with `revoke()` where `revocations` is given
 * @throws TypeError (`ERR_LATCHKEY_OPTION`, `ERR_LATCHKEY_KEY`) for an invalid, misspelt or unsafe
 * option or key
 * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
 *
 * @example
 * jwt({ issuer: 'https://login.example.com', audience: 'https://api.example.com' })
 * jwt({ issuer: 'https://login.example.com', audience: 'https://api.example.com', algorithms:
 * ['RS256'], key: publicKeyPem })
 */
export function jwt(
  options: JwtOptions & { readonly revocations: RevocationStore },
): RevocableVerifier;
export function jwt(options: JwtOptions): Verifier;
export function jwt(options: JwtOptions): Verifier {
  checkJwtOptions(options);
  const { name = 'jwt', extractors = AUTHORIZATION, maxTokenLength } = options;
  const issuers = issuersOf(options);
  const policy = claimsPolicy(options, issuers);
  const revocations = revocationsOf(options, policy);
  // For the first token. If it fails, that token's verification reports why.
  loadJsonwebtoken().catch(() => {});

  const validate = (jws: CompactJws): Verification | Promise<Verification> => {
    const rejection = validateClaims(jws, policy, Date.now());
    if (rejection) {
      return rejection;
    }
    const scopes = scopesOf(jws.payload, policy.scopeClaims);
    if (!scopes) {
      return reject(
        'bad_claim',
        `${policy.scopeClaims.join(' or ')} is neither a string nor a list`,
      );
    }
    const accepted = accept(jws, scopes, policy, name);
    return revocations
      ? revocations.check(accepted)
      : { ...accepted, issuedAt: Math.min(accepted.issuedAt, Date.now()) };
  };

  return {
    name,
    extractors,
    ...(maxTokenLength !== undefined && { maxTokenLength }),
    samples: exampleIssuers(options.issuer).flatMap((iss) =>
      extractors.map((extractor) => ({ extractor, token: exampleOf(iss) })),
    ),
    accepts(credential: Credential) {
      if (!extractors.includes(credential.extractor)) {
        return false;
      }
      const jws = jwsOf(credential);
      // Three parts that cannot be read name no issuer: any verifier of JWTs may reject them as
      // malformed.
      return jws ? issuers.has(jws.payload.iss) : credential.token.split('.').length === 3;
    },
    verify(credential) {
      const jws = jwsOf(credential);
      if (!jws) {
        return reject(
          'malformed',
          'the token is not a compact JWS of two JSON objects (RFC 7515 §7.1)',
        );
      }
      const rejection = checkHeader(jws.header);
      if (rejection) {
        return rejection;
      }
      const keys = issuers.keysOf(jws.payload.iss);
      if (!keys) {
        return reject('bad_issuer', 'iss is not an accepted issuer');
      }
      const signed = isSignedByIssuer(credential.token, jws.header, keys);
      return andThen(signed, (isValid) =>
        isValid
          ? validate(jws)
          : reject(
              'bad_signature',
              'no key of the issuer fits the alg and kid of the token and verifies its signature',
            ),
      );
    },
    close: () => issuers.close(),
    ...(revocations && { revoke: revocations.revoke, subscribe: revocations.subscribe }),
  };
}

function revocationsOf(
  { issuer, revocations, clockToleranceMs = 0 }: JwtOptions,
  policy: ClaimsPolicy,
): JwtRevocations | undefined {
  if (!revocations) {
    return undefined;
  }
  const { issuers, maxLifetimeMs = DAY_MS, toleranceMs } = policy;
  const only = [issuer].flat().find((one) => typeof one === 'string' && !isPattern(one)) as
    string | undefined;
  return jwtRevocations(revocations, {
    issuer: [issuer].flat().length === 1 ? only : undefined,
    lifeMs: maxLifetimeMs,
    toleranceMs,
    skewMs: clockToleranceMs,
    isIssuer: (iss) => issuers.has(iss),
  });
}

/**
 * A new key may have no `kid`, or that of the old one: it is fetched when no known key verifies the
 * signature.
 */
function isSignedByIssuer(
  token: string,
  header: CompactJws['header'],
  keys: KeySource,
): boolean | Promise<boolean> {
  const { alg: algorithm, kid } = header as { readonly alg: Algorithm; readonly kid?: string };
  return andThen(keys.candidates(algorithm, kid), (found) =>
    andThen(isSignedByOne(token, algorithm, found), (isValid) => {
      if (isValid || found.length === 0 || !keys.newer) {
        return isValid;
      }
      return andThen(keys.newer(algorithm, kid, found), (newer) =>
        isSignedByOne(token, algorithm, newer),
      );
    }),
  );
}

function isSignedByOne(
  token: string,
  algorithm: Algorithm,
  keys: readonly VerificationKey[],
): boolean | Promise<boolean> {
  const verdicts = keys.map(({ key }) => verifySignature(token, algorithm, key));
  return verdicts.some(isPromise)
    ? Promise.all(verdicts.map(async (verdict) => verdict)).then((signed) => signed.includes(true))
    : verdicts.includes(true);
}

function claimsPolicy(options: JwtOptions, issuers: Issuers): ClaimsPolicy {
  const rfc9068 = options.profile === 'rfc9068';
  const defaultTypes = rfc9068 ? ['at+jwt'] : ['at+jwt', 'jwt', ''];
  return {
    issuers,
    audiences: new Set(listOf(options.audience)),
    types: new Set(options.typ === undefined ? defaultTypes : listOf(options.typ).map(bareType)),
    isMarked: rfc9068 || options.typ !== undefined || Object.keys(options.claims ?? {}).length > 0,
    requiredClaims: [...(rfc9068 ? RFC9068_CLAIMS : []), ...(options.requiredClaims ?? [])],
    claimValues: new Map(
      Object.entries(options.claims ?? {}).map(([name, values]) => [
        name,
        new Set([values].flat()),
      ]),
    ),
    audienceClaim: options.audienceClaim ?? 'aud',
    clientIdClaim: options.clientIdClaim ?? 'client_id',
    scopeClaims: listOf(options.scopeClaim ?? ['scope', 'scp']),
    toleranceMs: options.clockToleranceMs ?? DEFAULT_TOLERANCE_MS,
    maxLifetimeMs: options.revocations && (options.maxLifetimeMs ?? DAY_MS),
  };
}

/**
 * Members that change what was signed or how the token is read. Members that name a key (`jku`,
 * `jwk`, `x5u`, `x5c`) are ignored: only the issuer's own keys are used (RFC 8725 §3.10).
 */
const UNSUPPORTED_HEADERS = ['crit', 'b64', 'zip', 'enc'];
const MAX_KID_LENGTH = 256;

function checkHeader(header: CompactJws['header']): Rejection | undefined {
  const { kid } = header;
  const unsupported = UNSUPPORTED_HEADERS.find((name) => Object.hasOwn(header, name));
  if (unsupported !== undefined) {
    return reject('malformed', `the header has ${unsupported}, which is not supported`);
  }
  return kid === undefined || (typeof kid === 'string' && kid.length <= MAX_KID_LENGTH)
    ? undefined
    : reject(
        'malformed',
        `the header's kid is not a string of at most ${MAX_KID_LENGTH} characters`,
      );
}

/** The registered claims of a token that passed `validateClaims()`. */
interface ValidClaims {
  readonly iss: string;
  readonly jti?: string;
  readonly iat?: number;
  readonly exp: number;
  readonly cnf?: Readonly<Record<string, unknown>>;
  /** Not registered: another issuer may give it any value. */
  readonly grant_id?: unknown;
}

type Accepted = Verification & { readonly ok: true; readonly issuedAt: number };

function accept(
  { payload }: CompactJws,
  scopes: readonly string[],
  policy: ClaimsPolicy,
  verifier: string,
): Accepted {
  const { iss, jti, iat = 0, exp, cnf, grant_id: grantId } = payload as unknown as ValidClaims;
  const clientId = ownOf(payload, policy.clientIdClaim) as string | undefined;
  return {
    ok: true,
    expiresAt: expiryOf(payload, policy),
    // However often it is verified, a token is as old as when it was issued: an earlier revocation
    // does not cover it.
    issuedAt: iat * 1000,
    ...(cnf && { confirmation: cnf }),
    ...(isText(grantId) && { grantId }),
    principal: {
      kind: 'access_token',
      verifier,
      subject: subjectOf(payload, policy.clientIdClaim) as string,
      issuer: iss,
      ...(clientId !== undefined && { clientId }),
      ...(jti !== undefined && { credentialId: jti }),
      scopes,
      expiresAt: exp * 1000,
      claims: payload,
    },
  };
}

const exampleIssuers = (issuer: JwtOptions['issuer']): readonly string[] =>
  typeof issuer === 'function' ? [] : listOf(issuer).map(exampleOfPattern);

function exampleOf(iss: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ iss })}.AAAA`;
}

const listOf = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? [value] : value;
