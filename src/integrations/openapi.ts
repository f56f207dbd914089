import type { Extractor } from '../extractors/extractor';
import type { RequiredScopes } from '../http/decision';
import { type GuardDetails, guardDetails } from '../http/guard-details';
import { typeError } from '../internal/errors';
import { checkOptions } from '../internal/options';
import type { Latchkey } from '../latchkey';
import type { Handler } from './express/layers';
import { describePath, expressRoutes, type GuardedRoute } from './express/routes';
import { guardsArgument } from './guards';

/**
 * A Security Scheme Object of OpenAPI.
 * @see https://spec.openapis.org/oas/v3.1.1.html#security-scheme-object
 */
export type SecurityScheme =
  | { readonly type: 'http'; readonly scheme: 'bearer' | 'DPoP' }
  | {
      readonly type: 'apiKey';
      readonly in: 'header' | 'query' | 'cookie';
      readonly name: string;
    };

/**
 * A Security Requirement Object of OpenAPI: names of schemes, with the scopes that are required.
 * @see https://spec.openapis.org/oas/v3.1.1.html#security-requirement-object
 */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>;

/** The `security` of one operation. */
export interface RouteSecurity {
  /** The method in upper case. */
  readonly method: string;
  /** The path as OpenAPI writes it: `/domains/{id}`. A RegExp is included as its source. */
  readonly path: string;
  /**
   * The alternatives, one of which a request must meet. `{}` among them allows anonymous requests,
   * and an empty list means that no guard protects the route.
   */
  readonly security: readonly SecurityRequirement[];
}

/** The methods that a Path Item Object may have. */
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/**
 * Returns the security schemes of an API, for `components.securitySchemes` of its OpenAPI document.
 * @param guards what `latchkey()` returned
 * @returns one scheme for each extractor, by the name of the extractor
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if `guards` is something else
 * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` for an extractor of your own that states neither
 * `scheme` nor `header` nor `parameter`
 * @example
 * document.components.securitySchemes = securitySchemes(guards);
 */
export function securitySchemes(guards: Latchkey<never>): Record<string, SecurityScheme> {
  checkOptions('securitySchemes(guards): guards', guardsArgument, guards);
  const extractors = guardDetails(guards.authenticate())?.extractors ?? [];
  return Object.fromEntries(
    extractors.map((extractor) => [schemeName(extractor, extractors), toScheme(extractor)]),
  );
}

/**
 * Returns the security requirements of every route of an Express 4 or 5 application, read from the
 * guards that a request to the route passes.
 * @param app an Express application or router
 * @returns one entry for each method of each route, in the order in which they were added. Of two
 * routes for the same method and path, the first counts.
 * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` if `app` is not an Express application or router
 * @throws {Error} `ERR_LATCHKEY_ARGUMENT` if the path of a route is not known: Express 5 with
 * `router` before 2.3
 * @example
 * for (const { method, path, security } of securityOf(app)) {
 *   const operation = document.paths[path]?.[method.toLowerCase()];
 *   if (operation) operation.security = security;
 * }
 */
export function securityOf(app: Handler): RouteSecurity[] {
  const found = new Map<string, RouteSecurity>();
  for (const entry of expressRoutes('securityOf(app)', app).flatMap(toEntries)) {
    const key = `${entry.method} ${entry.path}`;
    if (!found.has(key)) {
      found.set(key, entry);
    }
  }
  return [...found.values()];
}

function toEntries(route: GuardedRoute): RouteSecurity[] {
  const methods = route.isAll ? METHODS : route.methods;
  return methods.flatMap((method) => {
    const guards = route.guardsFor(method);
    return guards
      ? [{ method: method.toUpperCase(), path: toTemplate(route), security: toSecurity(guards) }]
      : [];
  });
}

/** `:name` with the suffixes of Express 4, and `*name`. */
const PARAMETER = /[:*](?:(\w+)|"([^"]*)")(?:\((?:\\.|[^\\()])*\))?[?*+]?/g;

/** Returns the path of a route as OpenAPI writes it. Optional parts are included. */
function toTemplate(route: GuardedRoute): string {
  const path = describePath('securityOf()', route);
  return route.paths.every((part) => typeof part === 'string')
    ? path
        .replace(/[{}]/g, '')
        .replace(PARAMETER, (_, plain: string, quoted) => `{${plain ?? quoted}}`)
    : path;
}

function toSecurity(guards: readonly Handler[]): readonly SecurityRequirement[] {
  const details = guards.flatMap((guard) => guardDetails(guard) ?? []);
  if (details.length === 0) {
    return [];
  }
  const alternatives = details.reduce<readonly (readonly string[])[]>(combine, [[]]);
  const requirements = schemesOf(details).flatMap((scheme) =>
    alternatives.map((scopes) => ({ [scheme]: scopes })),
  );
  return details.every(({ optional }) => optional) ? [...requirements, {}] : requirements;
}

/** Adds the scopes of one guard to every alternative. */
const combine = (
  alternatives: readonly (readonly string[])[],
  { scopes }: GuardDetails,
): readonly (readonly string[])[] =>
  alternatives.flatMap((before) =>
    alternativesOf(scopes).map((added) => [...new Set([...before, ...added])]),
  );

const alternativesOf = (scopes: RequiredScopes | undefined): readonly (readonly string[])[] =>
  scopes?.any ? scopes.names.map((name) => [name]) : [scopes?.names ?? []];

/** Returns the schemes that every guard reads. */
function schemesOf(details: readonly GuardDetails[]): readonly string[] {
  const [first = [], ...others] = details.map(({ extractors }) =>
    extractors.map((extractor) => schemeName(extractor, extractors)),
  );
  return first.filter((name) => others.every((names) => names.includes(name)));
}

/** The name of the extractor, and of its header or parameter where another has the same name. */
const schemeName = (extractor: Extractor, extractors: readonly Extractor[]): string =>
  extractors.filter(({ name }) => name === extractor.name).length === 1
    ? extractor.name
    : `${extractor.name}-${extractor.parameter ?? extractor.header}`;

function toScheme({ name, scheme, header, parameter }: Extractor): SecurityScheme {
  if (scheme) {
    return { type: 'http', scheme: scheme === 'Bearer' ? 'bearer' : 'DPoP' };
  }
  if (parameter !== undefined) {
    return { type: 'apiKey', in: header === 'Cookie' ? 'cookie' : 'query', name: parameter };
  }
  if (header !== undefined) {
    return { type: 'apiKey', in: 'header', name: header };
  }
  throw typeError(
    'ERR_LATCHKEY_ARGUMENT',
    `securitySchemes(guards): the extractor "${name}" states neither scheme nor header nor parameter, so OpenAPI cannot describe it`,
  );
}
