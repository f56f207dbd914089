import { typeError } from '../internal/errors';
import { isObject } from '../internal/type-guards';
import { checkPrincipal, type Principal } from './principal';

/** `scope-token` of RFC 6749 §3.3: visible ASCII without space, `"` and `\`. */
const SCOPE_TOKEN = /^[!#-[\]-~]+$/;

export const isScopeToken = (value: unknown): value is string =>
  typeof value === 'string' && SCOPE_TOKEN.test(value);

/** One declared scope: its description, and the scopes that it implies. */
export interface ScopeDefinition {
  /** What the scope allows, in the words of the consent page. */
  readonly description?: string;
  /** Scopes that are granted with this one, transitively. Each must be declared. */
  readonly implies?: readonly string[];
}

/**
 * The scopes of an API: a list of names, or a record from name to description or definition.
 */
export type ScopeDeclaration =
  readonly string[] | Readonly<Record<string, string | ScopeDefinition>>;

/** The names of the declared scopes, or `string` if none are declared. */
export type ScopeName<S> = [S] extends [never]
  ? string
  : S extends readonly (infer N extends string)[]
    ? N
    : Extract<keyof S, string>;

/** Returns the description of a scope. */
export function scopeDescription(declaration: ScopeDeclaration, name: string): string | undefined {
  const definition = new Map<string, unknown>(Object.entries(declaration)).get(name);
  if (typeof definition === 'object' && definition !== null && 'description' in definition) {
    return String(definition.description);
  }
  return typeof definition === 'string' && !Array.isArray(declaration) ? definition : undefined;
}

/** Whether a value is a list of scopes, or a record from scope to description or definition. */
export function isScopeDeclaration(value: unknown): value is ScopeDeclaration {
  if (Array.isArray(value)) {
    return value.length > 0 && value.every(isString);
  }
  return (
    isObject(value) &&
    Object.keys(value).length > 0 &&
    Object.values(value).every((entry) => isString(entry) || isScopeDefinition(entry))
  );
}

function isScopeDefinition(value: unknown): value is ScopeDefinition {
  if (!isObject(value)) {
    return false;
  }
  const { description, implies, ...unknown } = value;
  return (
    Object.keys(unknown).length === 0 &&
    (description === undefined || isString(description)) &&
    (implies === undefined || (Array.isArray(implies) && implies.every(isString)))
  );
}

const isString = (value: unknown): value is string => typeof value === 'string';

/** The declared scopes of one API. */
export interface ScopeCatalogue {
  /** Declared names in order, or undefined if none are declared. */
  readonly names: readonly string[] | undefined;
  /** Adds the implied scopes. Returns the same array if there are none. */
  readonly expand: (granted: readonly string[]) => readonly string[];
}

type Implications = ReadonlyMap<string, readonly string[]>;

/** @throws {TypeError} `ERR_LATCHKEY_SCOPE` if a scope is malformed, or implies one not declared */
export function scopeCatalogue(declaration: ScopeDeclaration | undefined): ScopeCatalogue {
  if (declaration === undefined) {
    return { names: undefined, expand: (granted) => granted };
  }
  const implications = readImplications(declaration);
  for (const [name, implied] of implications) {
    checkDeclared(name, implied, implications);
  }
  return {
    names: [...implications.keys()],
    expand: (granted) => expandScopes(granted, implications),
  };
}

function readImplications(declaration: ScopeDeclaration): Implications {
  if (isList(declaration)) {
    return new Map(declaration.map((name) => [name, []]));
  }
  const impliedBy = (value: string | ScopeDefinition) =>
    typeof value === 'string' ? [] : (value.implies ?? []);
  return new Map(Object.entries(declaration).map(([name, value]) => [name, impliedBy(value)]));
}

function checkDeclared(name: string, implied: readonly string[], implications: Implications): void {
  if (!isScopeToken(name)) {
    throw typeError(
      'ERR_LATCHKEY_SCOPE',
      `latchkey(): scopes: ${JSON.stringify(name)} is not a scope (RFC 6749 §3.3: visible ASCII without space, " and \\)`,
    );
  }
  const undeclared = implied.find((other) => !implications.has(other));
  if (undeclared !== undefined) {
    throw typeError(
      'ERR_LATCHKEY_SCOPE',
      `latchkey(): scopes[${JSON.stringify(name)}].implies: ${JSON.stringify(undeclared)} is not declared; declared are ${[...implications.keys()].join(', ')}`,
    );
  }
}

function expandScopes(granted: readonly string[], implications: Implications): readonly string[] {
  if (!granted.some((scope) => implications.get(scope)?.length)) {
    return granted;
  }
  // Iterating a Set visits values that are added meanwhile, so implications are followed to their
  // end, and cycles end.
  const all = new Set(granted);
  for (const scope of all) {
    implications.get(scope)?.forEach((implied) => all.add(implied));
  }
  return [...all];
}

/**
 * Checks the scopes that a guard requires.
 * @throws {TypeError} `ERR_LATCHKEY_SCOPE` for no scope, or one that is malformed or not declared
 */
export function checkRequired(
  where: string,
  required: readonly string[],
  catalogue: ScopeCatalogue,
): readonly string[] {
  if (required.length === 0) {
    throw typeError(
      'ERR_LATCHKEY_SCOPE',
      `${where}: at least one scope is required; use authenticate() to require only a valid credential`,
    );
  }
  for (const scope of required) {
    if (!isScopeToken(scope)) {
      throw typeError(
        'ERR_LATCHKEY_SCOPE',
        `${where}: ${describe(scope)} is not a scope (RFC 6749 §3.3: visible ASCII without space, " and \\)`,
      );
    }
    if (catalogue.names && !catalogue.names.includes(scope)) {
      throw typeError(
        'ERR_LATCHKEY_SCOPE',
        `${where}: ${JSON.stringify(scope)} is not declared; declared are ${catalogue.names.join(', ')}`,
      );
    }
  }
  // Not frozen: V8 takes three times as long to iterate a frozen array.
  return [...required];
}

/** If a guard is mounted without being called, Express passes a request as the scope. */
const describe = (scope: unknown): string =>
  typeof scope === 'string' ? JSON.stringify(scope) : `a value of type ${typeof scope}`;

/**
 * Returns whether a principal has all of the scopes. Use it inside a handler whose response depends
 * on a scope.
 * @param principal the principal, as `getAuth()` returns it
 * @param scopes scopes that the principal must have, implied ones included
 * @returns true if it has them all, and false if it lacks one or none is passed
 * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` if `principal` is not a principal or a scope is not a
 * string
 * @example
 * if (hasScopes(getAuth(req), 'billing:read')) {
 *   body.invoices = await listInvoices();
 * }
 */
export function hasScopes(principal: Principal, ...scopes: readonly string[]): boolean {
  checkPrincipal('hasScopes()', principal);
  if (!scopes.every(isString)) {
    throw typeError('ERR_LATCHKEY_ARGUMENT', 'hasScopes(): "scopes" must be strings');
  }
  return scopes.length > 0 && scopes.every((scope) => principal.scopes.includes(scope));
}

const isList = (declaration: ScopeDeclaration): declaration is readonly string[] =>
  Array.isArray(declaration);
