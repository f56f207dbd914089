import * as z from 'zod/mini';

import { type RequestInput, toRequestLike } from '../extractors/to-request-like';
import type { AuthenticationResult } from '../http/check';
import { guardDetails } from '../http/guard-details';
import type { Middleware } from '../http/middleware';
import { arrayOf, booleanOption, check, missingMethods } from '../internal/options';
import type { Latchkey } from '../latchkey';

/** What an integration requires of a request: one of the members, or none for any credential. */
export interface GuardChoice<Scope extends string> {
  readonly scopes?: readonly Scope[];
  readonly optional?: boolean;
  readonly guard?: Middleware<never>;
}

const GUARD_FUNCTIONS = ['authenticate', 'requireScopes', 'requireAnyScope', 'check'];

/** The argument `guards` of every integration. */
export const guardsArgument = check(
  'what latchkey() returned',
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    missingMethods(value, GUARD_FUNCTIONS).length === 0,
);

export const isGuardMiddleware = (value: unknown): value is Middleware<never> =>
  typeof value === 'function' && guardDetails(value) !== undefined;

/** The options that choose a guard. */
export const guardOptions = z
  .strictObject({
    scopes: z.optional(arrayOf('scopes', (value) => typeof value === 'string')),
    optional: z.optional(booleanOption),
    guard: z.optional(
      check('what requireAnyScope(), authorize() or another guard returned', isGuardMiddleware),
    ),
  })
  .check(
    z.refine((options) => Object.values(options).filter(Boolean).length < 2, {
      error: 'pass only one of "scopes", "optional" and "guard"',
    }),
  );

/** A request as the extractors read it, and as a policy receives it. */
export interface RequestPair {
  readonly request: RequestInput;
  readonly policyRequest: unknown;
}

/** Applies the chosen guard to a request. */
export function resultFor<Scope extends string>(
  guards: Pick<Latchkey<Scope>, 'check'>,
  { scopes = [], optional, guard }: GuardChoice<Scope>,
  { request, policyRequest }: RequestPair,
): Promise<AuthenticationResult> {
  const details = guard && guardDetails(guard);
  if (details) {
    return details.decide(toRequestLike(request), policyRequest);
  }
  return optional ? guards.check(request) : guards.check(request, { scopes });
}
