/** What a client requested in its authorization request, as far as it concerns the user. */
export interface AuthorizationRequest {
  /**
   * Values of `prompt`: `login` requires a new login, `consent` a consent page, `select_account` a
   * choice of accounts.
   */
  readonly prompt: readonly string[];
  /**
   * Who will probably log in, such as an email address. Chosen by the client, so never trust it.
   */
  readonly loginHint: string | undefined;
  /**
   * Authentication methods that the client accepts, the preferred one first. The user's `acr` must
   * be one of them.
   */
  readonly acrValues: readonly string[];
  /** Maximum age of the login, in milliseconds. 0 requires a new login. */
  readonly maxAgeMs: number | undefined;
  /** Languages that the user prefers, such as `de-CH`, the preferred one first. */
  readonly uiLocales: readonly string[];
  /** The APIs that the tokens are for, out of `audience`. */
  readonly resource: readonly string[];
  /** The client's `state`, which is returned to it. */
  readonly state: string | undefined;
}

/**
 * oidc-provider accepts these parameters for OpenID Connect only, so it gets them under names of
 * our own.
 */
export const ACR_VALUES = 'latchkey_acr_values';
export const MAX_AGE = 'latchkey_max_age';
/** `prompt` as the client sent it, where oidc-provider gets only a part of it. */
export const PROMPT = 'latchkey_prompt';

const RENAMED: ReadonlyMap<string, string> = new Map([
  ['acr_values', ACR_VALUES],
  ['max_age', MAX_AGE],
]);
const INTERNAL: ReadonlySet<string> = new Set([...RENAMED.values(), PROMPT]);

/**
 * Parameters for ID tokens, which are not issued. oidc-provider rejects them without the scope
 * `openid`.
 */
const IGNORED: ReadonlySet<string> = new Set(['nonce', 'id_token_hint', 'claims_locales']);

/**
 * Converts the query of an authorization request to the parameters that oidc-provider accepts.
 * Parameters for OpenID Connect are ignored. A repeated parameter keeps its name, so that
 * oidc-provider rejects it under that name.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.1
 */
export function toProviderParameters(query: URLSearchParams): URLSearchParams {
  const pairs = [...query].filter(([name]) => !INTERNAL.has(name));
  const isRepeated = (name: string) => query.getAll(name).length > 1;
  const renamed = (name: string, value: string): [string, string][] =>
    name === 'prompt' ? promptPairs(value) : [[RENAMED.get(name) ?? name, value]];
  return new URLSearchParams(
    pairs
      .filter(([name]) => !IGNORED.has(name) || isRepeated(name))
      .flatMap(([name, value]): [string, string][] =>
        isRepeated(name) ? [[name, value]] : renamed(name, value),
      ),
  );
}

/**
 * oidc-provider rejects `select_account`. It needs nothing of oidc-provider, because the app's
 * `login` is called at every authorization request and can let the user choose.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 */
function promptPairs(prompt: string): [string, string][] {
  const values = prompt.split(' ');
  if (!values.includes('select_account') || values.includes('none')) {
    return [['prompt', prompt]];
  }
  const rest = values.filter((value) => value !== 'select_account').join(' ');
  return [[PROMPT, prompt], ...(rest === '' ? [] : [['prompt', rest] as [string, string]])];
}

/** Whether a string is a valid `max_age`: a whole number of seconds. */
export const isMaxAge = (value: string): boolean => /^\d{1,10}$/.test(value);

/** Reads the parameters that oidc-provider stored for an interaction. */
export function toAuthorizationRequest(
  parameters: Readonly<Record<string, unknown>>,
): AuthorizationRequest {
  const text = (name: string) => parameters[name] as string | undefined;
  const list = (name: string) => text(name)?.split(' ').filter(Boolean) ?? [];
  const maxAge = text(MAX_AGE);
  return {
    prompt: list(text(PROMPT) === undefined ? 'prompt' : PROMPT),
    loginHint: text('login_hint'),
    acrValues: list(ACR_VALUES),
    maxAgeMs: maxAge === undefined ? undefined : Number(maxAge) * 1000,
    uiLocales: list('ui_locales'),
    resource: [parameters.resource ?? []].flat() as string[],
    state: text('state'),
  };
}
