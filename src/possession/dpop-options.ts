import * as z from 'zod/mini';

import { arrayOf, check, checkOptions, durationMs, objectWithMethods } from '../internal/options';
import type { StateStore } from '../stores/store';
import { type Algorithm, ALGORITHMS } from '../verifiers/jwt/signature';
import { normalisedUrl } from './request-url';

/** Options of `dpop()`. */
export interface DpopOptions {
  /**
   * Asymmetric algorithms that may sign a proof.
   * @default ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256']
   */
  readonly algorithms?: readonly Algorithm[];
  /**
   * Public origin of the API, and the path under which it is mounted, such as
   * `https://api.example.com`. Set it behind a proxy: `htu` of a proof is compared with it.
   * @default the origin of `resource.url`, or else that of the connection and `Host`
   */
  readonly baseUrl?: string;
  /**
   * How far `iat` of a proof may be from now, in either direction: 1,000 to 300,000 milliseconds.
   * A client clock that is up to five seconds ahead is always tolerated.
   * @default 60_000
   */
  readonly windowMs?: number;
  /**
   * Where used proofs are recorded, so that none is accepted twice. Instances of one API must share
   * the store.
   * @default the memory of this process
   */
  readonly store?: StateStore;
  /**
   * Requires a nonce of this server in every proof.
   * @default no nonce
   * @see https://www.rfc-editor.org/rfc/rfc9449#section-9
   */
  readonly nonce?: DpopNonceOptions;
}

/** How the server creates nonces for DPoP proofs. */
export interface DpopNonceOptions {
  /** At least 32 bytes, the same on every instance. */
  readonly secret: string | Uint8Array;
  /**
   * How long one nonce is sent to clients, in milliseconds. The previous one is accepted as well.
   * @default 60_000
   */
  readonly rotateMs?: number;
}

/** Options with their defaults. */
export interface ResolvedDpopOptions {
  readonly algorithms: readonly Algorithm[];
  readonly baseUrl: string | undefined;
  readonly windowMs: number;
  readonly store: StateStore | undefined;
  readonly nonce: Required<DpopNonceOptions> | undefined;
}

const DEFAULT_ALGORITHMS: readonly Algorithm[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'];
const MIN_SECRET_LENGTH = 32;

const isAsymmetric = (value: unknown): value is Algorithm =>
  typeof value === 'string' && Object.hasOwn(ALGORITHMS, value) && !value.startsWith('HS');

const isSecret = (value: unknown): value is string | Uint8Array =>
  (typeof value === 'string' || value instanceof Uint8Array) &&
  Buffer.from(value).length >= MIN_SECRET_LENGTH;

function isBaseUrl(value: unknown): value is string {
  const normalised = normalisedUrl(value);
  return normalised !== undefined && !/[?#]/.test(String(value)) && !normalised.endsWith('//');
}

const nonceSchema = z.strictObject({
  secret: check(`a secret of at least ${MIN_SECRET_LENGTH} bytes`, isSecret),
  rotateMs: z._default(durationMs(1_000), 60_000),
});

const schema = z.strictObject({
  algorithms: z._default(
    arrayOf(
      `algorithms of ${Object.keys(ALGORITHMS).filter(isAsymmetric).join(', ')}`,
      isAsymmetric,
    ),
    DEFAULT_ALGORITHMS,
  ),
  baseUrl: z.optional(
    check(
      'an http or https URL without query and fragment, such as "https://api.example.com"',
      isBaseUrl,
    ),
  ),
  windowMs: z._default(durationMs(1_000, 300_000), 60_000),
  store: z.optional(objectWithMethods<StateStore>('setIfAbsent')),
  nonce: z.optional(nonceSchema),
});

/** @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is invalid or unknown */
export function resolveDpopOptions(options: DpopOptions): ResolvedDpopOptions {
  const { baseUrl, store, nonce, ...others } = checkOptions('dpop()', schema, options);
  return { ...others, baseUrl: baseUrl?.replace(/\/$/, ''), store, nonce };
}
