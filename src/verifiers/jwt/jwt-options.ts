import type { RevocationStore } from './jwt-revocations';
import type { JwkSet, KeyInput } from './keys';
import type { Algorithm } from './signature';

/** How keys from a URL are fetched and cached. Durations in milliseconds. */
export interface RemoteOptions {
  /**
   * How long fetched keys are used before they are fetched again. A withdrawn key is accepted for
   * as long.
   * @default 600_000 (ten minutes)
   */
  readonly ttlMs?: number;
  /**
   * How much longer keys are used while the server is unavailable.
   * @default 86_400_000 (a day)
   */
  readonly staleIfErrorMs?: number;
  /**
   * The shortest time from the start of one fetch to the next. After a fetch that failed, it is one
   * second at most.
   * @default 5_000
   */
  readonly cooldownMs?: number;
  /**
   * Deadline of one response. A request waits no longer than `timeoutMs` of `latchkey()`. A
   * response that arrives later is used for the next request.
   * @default 5_000
   */
  readonly timeoutMs?: number;
  /**
   * The number of tenants whose keys are cached. The least recently used ones are dropped.
   * @default 10_000
   */
  readonly maxIssuers?: number;
  /**
   * Replaces the global `fetch`, for a proxy or a private CA. It must pass on `redirect` and
   * `signal`.
   * @default the global `fetch`
   */
  readonly fetch?: typeof fetch;
}

/** An accepted value of a claim. */
export type ClaimValue = string | number | boolean;

/** Options of `jwt()`. */
export interface JwtOptions {
  /**
   * The exact value of `iss`, or a list of values. For tenants, pass one of two:
   * - a pattern such as `'https://login.example.com/{tenant}/v2.0'`. Placeholders are whole labels
   *   of the host, or all or part of a path segment, at most one in each.
   * - a synchronous function, which is called for well-formed URLs only. Keys are fetched from
   *   every issuer for which it returns true.
   */
  readonly issuer: string | readonly string[] | ((iss: string) => boolean);
  /** The value of `aud` that names this API, or a list of values of which one must match. */
  readonly audience: string | readonly string[];
  /**
   * The accepted algorithms. Required with `key` and `jwks`. HS algorithms cannot be combined with
   * others, and are not allowed for keys from a URL.
   * @default all algorithms except HS, for keys from a URL
   */
  readonly algorithms?: readonly Algorithm[];
  /** A PEM public key or certificate, a JWK, a `KeyObject`, or the secret of an HS algorithm. */
  readonly key?: KeyInput;
  /** Several keys, of which one is selected by `kid`. */
  readonly jwks?: JwkSet;
  /**
   * The URL of the issuer's JWK Set: `https`, or `http` on a loopback host or one of
   * `insecureHosts`.
   * @default the `jwks_uri` of the issuer's metadata (OpenID Connect Discovery, RFC 8414)
   */
  readonly jwksUri?: string;
  /** How keys from a URL are fetched and cached. Not allowed with `key` and `jwks`. */
  readonly remote?: RemoteOptions;
  /**
   * Hosts that may be reached by plain `http`, such as `['keycloak:8080']`, for metadata and keys.
   * Compared exactly, port included.
   * @default []
   */
  readonly insecureHosts?: readonly string[];
  /**
   * Requires what RFC 9068 requires: the `typ` `at+jwt`, and `sub`, `client_id`, `iat` and `jti`.
   * @default none
   * @see https://www.rfc-editor.org/rfc/rfc9068#section-2.2
   */
  readonly profile?: 'rfc9068';
  /**
   * The accepted values of the header's `typ`, without regard to case.
   * @default ['at+jwt', 'JWT'], and tokens without `typ`
   */
  readonly typ?: string | readonly string[];
  /**
   * Claims that are required in addition to `exp`, `iss`, `aud` and a subject.
   * @default []
   */
  readonly requiredClaims?: readonly string[];
  /**
   * The accepted values of claims, such as `{ token_use: 'access' }`. If the claim or the value is
   * a list, one match is enough.
   * @default {}
   */
  readonly claims?: Readonly<Record<string, ClaimValue | readonly ClaimValue[]>>;
  /**
   * The claim that holds the scopes, as a string or a list. Of several names, the first one present
   * is read.
   * @default ['scope', 'scp']
   */
  readonly scopeClaim?: string | readonly string[];
  /**
   * The claim that names the audience: `client_id` for an issuer whose access tokens have no `aud`.
   * @default 'aud'
   */
  readonly audienceClaim?: string;
  /**
   * The claim that names the client: `azp`, `cid` or `appid` for some issuers. Only `client_id` can
   * replace a missing `sub`.
   * @default 'client_id'
   */
  readonly clientIdClaim?: string;
  /**
   * How far the issuer's clock may differ, for `exp` and `nbf`: 0 to 300,000 ms. A future `iat`
   * never rejects a token.
   * @default 5_000
   */
  readonly clockToleranceMs?: number;
  /**
   * The names of the extractors whose tokens are verified, such as `['bearer', 'cookie']` for JWTs
   * that may be in a cookie.
   * @default ['bearer', 'dpop']
   */
  readonly extractors?: readonly string[];
  /**
   * The length of the longest accepted token, in characters. Node accepts 16 KiB of headers by
   * default.
   * @default 8192
   */
  readonly maxTokenLength?: number;
  /**
   * Where revocations of these tokens are kept: any `StateStore`. It is queried for every
   * verification that is not cached. Tokens without `iat`, and those that live longer than
   * `maxLifetimeMs`, are then rejected, because they could outlive their revocation.
   * @default tokens cannot be revoked
   */
  readonly revocations?: RevocationStore;
  /**
   * The longest lifetime of a token in milliseconds, from `iat` to `exp`, with `revocations`.
   * @default 86_400_000 (a day)
   */
  readonly maxLifetimeMs?: number;
  /**
   * The name of the verifier in principals and decisions.
   * @default 'jwt'
   */
  readonly name?: string;
}
