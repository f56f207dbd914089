import { codedError } from '../../internal/errors';
import { isPromise } from '../../internal/promises';
import { type UrlPolicy, urlPolicy } from '../issuer/trusted-url';
import { discovery, type JwksUriResolver } from './discovery';
import { isPattern, isRemoteIssuer, issuerMatcher } from './issuer-pattern';
import { type ParsedJwtOptions, toList } from './jwt-option-schema';
import type { JwtOptions } from './jwt-options';
import { keySet, type KeySource, singleKey } from './keys';
import { RemoteKeys } from './remote-keys';
import { ALGORITHM_NAMES, isHmac } from './signature';
import { TenantKeys } from './tenant-keys';

/**
 * The accepted issuers and their keys. A token is verified only with the keys of its issuer.
 */
export interface Issuers {
  has(iss: unknown): boolean;
  /** Returns undefined for an issuer that is not accepted. */
  keysFor(iss: unknown): KeySource | undefined;
  /** Aborts pending fetches. */
  close(): void;
}

/** The largest accepted metadata document or JWK Set, in bytes. */
const MAX_BYTES = 256 * 1024;
const ASYMMETRIC = ALGORITHM_NAMES.filter((algorithm) => !isHmac(algorithm));

/** Creates the issuers of a verifier. The keys of patterns and functions are created on demand. */
export function createIssuers(options: ParsedJwtOptions): Issuers {
  const { issuer, insecureHosts, remote = {} } = options;
  const { cooldownMs = 5_000, maxIssuers = 10_000 } = remote;
  const urls = urlPolicy(insecureHosts);
  const pending = new Set<() => void>();
  const create = remoteKeysFactory(options, pending);
  const shared = sharedKeys(options, create);
  const { names, isTenant } = readIssuer(issuer, urls);
  const byName = new Map<unknown, KeySource>(
    names.map((iss) => [iss, shared ?? create(discovery(iss, urls))]),
  );
  const createTenant = (iss: string) => create(discovery(iss, urls), true);
  const tenants = new TenantKeys(createTenant, { cooldownMs, maxIssuers });

  return {
    has: (iss) => byName.has(iss) || isTenant(iss),
    keysFor: (iss) => shared ?? byName.get(iss) ?? (isTenant(iss) ? tenants.get(iss) : undefined),
    close: () => pending.forEach((abort) => abort()),
  };
}

/** Creates the keys that are fetched from a URL. */
type RemoteKeysFactory = (resolveUri: JwksUriResolver, mayBeAbsent?: boolean) => KeySource;

function remoteKeysFactory(
  { algorithms = ASYMMETRIC, remote = {} }: ParsedJwtOptions,
  pending: Set<() => void>,
): RemoteKeysFactory {
  const {
    ttlMs = 600_000,
    staleIfErrorMs = 86_400_000,
    cooldownMs = 5_000,
    timeoutMs = 5_000,
    fetch,
  } = remote;
  const limits = { timeoutMs, maxBytes: MAX_BYTES, anyContentType: true, pending, fetch };
  return (resolveUri, mayBeAbsent = false) =>
    new RemoteKeys(
      resolveUri,
      algorithms,
      { ttlMs, staleIfErrorMs, cooldownMs, mayBeAbsent },
      limits,
    );
}

/** Returns the keys that all issuers share: those that were passed, or those of `jwksUri`. */
function sharedKeys(
  { key, jwks, jwksUri, algorithms = ASYMMETRIC }: ParsedJwtOptions,
  create: RemoteKeysFactory,
): KeySource | undefined {
  if (key !== undefined) {
    return singleKey(key, algorithms);
  }
  if (jwks !== undefined) {
    return keySet(jwks, algorithms);
  }
  return jwksUri === undefined ? undefined : create(async () => jwksUri);
}

interface AcceptedIssuers {
  /** The issuers that are configured by name. */
  readonly names: readonly string[];
  /** Whether the function or a pattern accepts an issuer. */
  readonly isTenant: (iss: unknown) => iss is string;
}

function readIssuer(issuer: JwtOptions['issuer'], urls: UrlPolicy): AcceptedIssuers {
  if (typeof issuer === 'function') {
    return {
      names: [],
      isTenant: (iss): iss is string =>
        typeof iss === 'string' && isRemoteIssuer(iss, urls) && isAcceptedBy(issuer, iss),
    };
  }
  const list = toList(issuer);
  const matchers = list.filter(isPattern).map((pattern) => issuerMatcher(pattern, urls));
  return {
    names: list.filter((one) => !isPattern(one)),
    isTenant: (iss): iss is string =>
      typeof iss === 'string' && matchers.some((matches) => matches(iss)),
  };
}

function isAcceptedBy(issuer: (iss: string) => boolean, iss: string): boolean {
  const result: unknown = issuer(iss);
  if (!isPromise(result)) {
    return result === true;
  }
  // Its rejection must not end the process.
  result.then(undefined, () => undefined);
  throw codedError(
    'ERR_LATCHKEY_OPTION',
    'jwt(): option "issuer" returned a promise; the function must return true or false synchronously',
  );
}
