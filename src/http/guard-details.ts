import type { Extractor, RequestLike } from '../extractors/extractor';
import type { AuthenticationResult } from './check';
import type { RequiredScopes } from './decision';

/** What a guard requires, and its decision for frameworks that do not call middleware. */
export interface GuardDetails {
  readonly optional: boolean;
  readonly scopes: RequiredScopes | undefined;
  /** Where the instance of the guard reads credentials from. */
  readonly extractors: readonly Extractor[];
  /**
   * Decides on a request like the middleware, and sends nothing. A policy receives
   * `policyRequest`.
   */
  readonly decide: (request: RequestLike, policyRequest: unknown) => Promise<AuthenticationResult>;
}

// In the global registry, so that the ESM and the CommonJS build recognise each other's guards.
const GUARD = Symbol.for('latchkey.guard');

/** Whether a middleware is a guard of any Latchkey instance. */
export const isGuard = (middleware: object): boolean => GUARD in middleware;

/** Marks a middleware as a guard. */
export const markGuard = <M extends object>(middleware: M, details: GuardDetails): M =>
  Object.assign(middleware, { [GUARD]: details });

/** Returns the details of a guard, or undefined for other middleware. */
export const guardDetails = (middleware: object): GuardDetails | undefined =>
  (middleware as { [GUARD]?: GuardDetails })[GUARD];
