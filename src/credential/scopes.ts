import { typeError } from '../internal/errors';
import type { Principal } from './principal';

/** `scope-token` of RFC 6749 §3.3: visible ASCII without space, `"` and `\`. */
const SCOPE_TOKEN = /^[!#-[\]-~]+$/;

export const isScopeToken = (value: unknown): value is string =>
  typeof value === 'string' && SCOPE_TOKEN.test(value);

/** What a declared scope means, and which scopes it implies. */
export interface ScopeDefinition {
  /** What the scope permits, as the consent page shows it. */
  readonly description?: string;
  /** Scopes that are granted with this one. They must be declared too. */
  readonly implies?: readonly string[];
}

/**
 * How an API declares its scopes: a list of names, or a record of name → description or definition.
 */
export type ScopeDeclaration =
  readonly string[] | Readonly<Record<string, string | ScopeDefinition>>;

/** The scope names that guards accept: the declared ones, or any string if none are declared. */
export type ScopeName<S> = [S] extends [never]
  ? string
  : S extends readonly (infer N extends string)[]
    ? N
    : Extract<keyof S, string>;

/** The declared scopes of one API. */
export interface ScopeCatalogue {
  /** Declared names, in order; undefined if no scopes are declared. */
  readonly names: readonly string[] | undefined;
  /** Returns granted scopes and all that they imply: the same array if nothing is added. */
  readonly expand: (granted: readonly string[]) => readonly string[];
}

export function scopeCatalogue(declaration: ScopeDeclaration | undefined): ScopeCatalogue {
  if (declaration === undefined) {
    return { names: undefined, expand: (granted) => granted };
  }
  const definitions = new Map<string, readonly string[]>(
    isList(declaration)
      ? declaration.map((name) => [name, []])
      : Object.entries(declaration).map(([name, value]) => [
          name,
          typeof value === 'string' ? [] : (value.implies ?? []),
        ]),
  );
  for (const [name, implied] of definitions) {
    if (!isScopeToken(name)) {
      throw typeError(
        'ERR_LATCHKEY_SCOPE',
        `latchkey(): scopes: ${JSON.stringify(name)} is not a scope (RFC 6749 §3.3: visible ASCII without space, " and \\)`,
      );
    }
    for (const other of implied) {
      if (!definitions.has(other)) {
        throw typeError(
          'ERR_LATCHKEY_SCOPE',
          `latchkey(): scopes[${JSON.stringify(name)}].implies: ${JSON.stringify(other)} is not declared; declared are ${[...definitions.keys()].join(', ')}`,
        );
      }
    }
  }
  return {
    names: [...definitions.keys()],
    expand(granted) {
      if (!granted.some((scope) => definitions.get(scope)?.length)) {
        return granted;
      }
      // A Set visits what is added while it is walked: implications are followed to their end,
      // circles too.
      const all = new Set(granted);
      for (const scope of all) {
        definitions.get(scope)?.forEach((implied) => all.add(implied));
      }
      return [...all];
    },
  };
}

/**
 * Returns the scopes that a guard requires.
 * @throws {TypeError} `ERR_LATCHKEY_SCOPE` for an empty list, a malformed name, or one that is not
 * declared
 */
export function checkRequired(
  where: string,
  required: readonly string[],
  catalogue: ScopeCatalogue,
): readonly string[] {
  if (required.length === 0) {
    throw typeError(
      'ERR_LATCHKEY_SCOPE',
      `${where}: at least one scope is needed; to require only a credential, use authenticate()`,
    );
  }
  for (const scope of required) {
    if (!isScopeToken(scope)) {
      throw typeError(
        'ERR_LATCHKEY_SCOPE',
        `${where}: ${shown(scope)} is not a scope (RFC 6749 §3.3: visible ASCII without space, " and \\)`,
      );
    }
    if (catalogue.names && !catalogue.names.includes(scope)) {
      throw typeError(
        'ERR_LATCHKEY_SCOPE',
        `${where}: ${JSON.stringify(scope)} is not declared; declared are ${catalogue.names.join(', ')}`,
      );
    }
  }
  // Not frozen: V8 iterates over frozen arrays three times slower, and each request does.
  return [...required];
}

/** Describes a value. `app.get(path, requireScopes)`, without a call, passes a request here. */
const shown = (scope: unknown): string =>
  typeof scope === 'string' ? JSON.stringify(scope) : `a value of type ${typeof scope}`;

/**
 * Returns whether a principal has all of the scopes. Use it in handlers whose response depends on a
 * scope. It never throws.
 * @param principal the principal, as `getAuth()` returns it
 * @param scopes names of scopes
 * @returns true if the principal has all of them; false without any scope
 * @example
 * if (hasScopes(getAuth(req), 'billing:read')) body.price = 12;
 */
export function hasScopes(principal: Principal, ...scopes: readonly string[]): boolean {
  return scopes.length > 0 && scopes.every((scope) => principal.scopes.includes(scope));
}

const isList = (declaration: ScopeDeclaration): declaration is readonly string[] =>
  Array.isArray(declaration);
