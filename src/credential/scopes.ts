import { typeError } from '../internal/errors';
import type { Principal } from './principal';

/** `scope-token` of RFC 6749 §3.3: visible ASCII without space, `"` and `\`. */
const SCOPE_TOKEN = /^[!#-[\]-~]+$/;

export const isScopeToken = (value: unknown): value is string =>
  typeof value === 'string' && SCOPE_TOKEN.test(value);

/** Scopes by name: a description, or a description and the scopes that this one implies. */
export interface ScopeDefinition {
  readonly description?: string;
  /** Scopes granted with this one. They must be declared too; what they imply follows. */
  readonly implies?: readonly string[];
}

/**
 * How an API declares its scopes: a list of names, or a record of name → description or definition.
 */
export type ScopeDeclaration =
  readonly string[] | Readonly<Record<string, string | ScopeDefinition>>;

/** The names that a declaration allows in a guard; any string where nothing was declared. */
export type ScopeName<S> = [S] extends [never]
  ? string
  : S extends readonly (infer N extends string)[]
    ? N
    : Extract<keyof S, string>;

/** The declared scopes of one API, ready to ask. */
export interface ScopeCatalogue {
  /** Declared names, in order; undefined where nothing was declared. */
  readonly names: readonly string[] | undefined;
  /** Granted scopes with all they imply: the same array when that adds nothing. */
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
 * Required scopes as a guard may ask for them; a TypeError for an empty list, a malformed name or
 * one that was not declared.
 */
export function checkRequired(
  where: string,
  required: readonly string[],
  catalogue: ScopeCatalogue,
): readonly string[] {
  if (required.length === 0) {
    throw typeError(
      'ERR_LATCHKEY_SCOPE',
      `${where}: at least one scope is needed; to ask only who calls, use authenticate()`,
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
  // Not frozen: V8 takes three times as long to walk a frozen array, and each request does.
  return [...required];
}

/** A guard that was mounted without being called is handed a request for a scope. */
const shown = (scope: unknown): string =>
  typeof scope === 'string' ? JSON.stringify(scope) : `a value of type ${typeof scope}`;

/**
 * Whether the principal holds all of the scopes. For use inside handlers, where a route's answer
 * depends on a scope:
 * `if (hasScopes(principal, 'billing:read')) …`. Without any scope: false.
 */
export function hasScopes(principal: Principal, ...scopes: readonly string[]): boolean {
  return scopes.length > 0 && scopes.every((scope) => principal.scopes.includes(scope));
}

const isList = (declaration: ScopeDeclaration): declaration is readonly string[] =>
  Array.isArray(declaration);
