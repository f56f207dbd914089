import { createParamDecorator, SetMetadata } from '@nestjs/common';

import type { Principal as Caller } from '../../credential/principal';
import type { Middleware } from '../../http/middleware';
import { check, checkOptions } from '../../internal/options';
import type { Latchkey } from '../../latchkey';
import { guardsArgument, isGuardMiddleware } from '../guards';
import { principalIn } from './carrier';
import { type Rule, RULES, rulesOf } from './rules';

/** A decorator for controllers, resolvers, gateways and their methods. */
export type RuleDecorator = ClassDecorator & MethodDecorator;

/** Decorators that know the scopes of your API. */
export interface ScopeDecorators<Scope extends string = string> {
  /** Requires all of these scopes. */
  readonly RequireScopes: (...scopes: readonly [Scope, ...Scope[]]) => RuleDecorator;
  /** Requires at least one of these scopes. */
  readonly RequireAnyScope: (...scopes: readonly [Scope, ...Scope[]]) => RuleDecorator;
}

/** Adds a rule. Decorators of a class apply to every method, in addition to those of the method. */
function addRule(rule: Rule): RuleDecorator {
  return (target: object, key?: string | symbol, descriptor?: { readonly value?: unknown }) => {
    const decorated = (descriptor ? descriptor.value : target) as Parameters<typeof rulesOf>[0];
    const decorate = SetMetadata(RULES, [...rulesOf(decorated), rule]) as (
      ...args: unknown[]
    ) => void;
    decorate(target, key, descriptor);
  };
}

/**
 * Requires all of these scopes, and responds with 403 otherwise. For scopes that TypeScript checks,
 * see `scopeDecorators()`. A scope that is not declared is an error when the application starts.
 * @param scopes the scopes
 * @returns a decorator for a class or a method. That of a class applies to every method, in
 * addition to those of the method.
 * @example
 * `@RequireScopes('domains:read')`
 * `@Get()`
 */
export const RequireScopes: ScopeDecorators['RequireScopes'] = (...scopes) =>
  addRule({ type: 'all', scopes });

/**
 * Requires at least one of these scopes, and responds with 403 otherwise.
 * @param scopes the scopes
 * @returns a decorator for a class or a method
 */
export const RequireAnyScope: ScopeDecorators['RequireAnyScope'] = (...scopes) =>
  addRule({ type: 'any', scopes });

const guardSchema = check<Middleware<never>>(
  'guard: must be what authorize() or another guard of latchkey() returned',
  isGuardMiddleware,
);

/**
 * Applies a guard of `latchkey()`: what `authorize()`, `requireFreshAuth()` or `authenticate()`
 * returned. A policy receives the request of the platform.
 * @param guard the guard
 * @returns a decorator for a class or a method
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` for anything but a guard
 * @example
 * `@Guarded(guards.authenticate({ optional: true }))`
 */
export function Guarded(guard: Middleware<never>): RuleDecorator {
  return addRule({ type: 'guard', guard: checkOptions('@Guarded(guard)', guardSchema, guard) });
}

/**
 * Lets every request pass without looking at its credential. On a method it replaces the rules of
 * the class.
 * @returns a decorator for a class or a method
 * @throws {TypeError} at the start of the application, with another decorator on the same class or
 * method
 * @example
 * `@Public()`
 * `@Get('health')`
 */
export const Public = (): RuleDecorator => addRule({ type: 'public' });

/**
 * Passes the principal to a parameter of a handler: undefined for anonymous requests and behind
 * `@Public()`.
 * @returns a decorator for a parameter
 * @example
 * list(`@Principal()` principal: Principal) {}
 */
export const Principal: () => ParameterDecorator = createParamDecorator((_data: unknown, context) =>
  principalIn(context),
);

/** Who calls: the type of the parameter, under the same name. */
export type Principal = Caller;

/**
 * Returns `RequireScopes` and `RequireAnyScope` that accept only declared scopes: a wrong one does
 * not compile.
 * @param guards what `latchkey()` returned
 * @returns the decorators
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if `guards` is something else
 * @example
 * export const { RequireScopes, RequireAnyScope } = scopeDecorators(guards);
 */
export function scopeDecorators<Scope extends string>(
  guards: Latchkey<Scope>,
): ScopeDecorators<Scope> {
  checkOptions('scopeDecorators(guards): guards', guardsArgument, guards);
  return { RequireScopes, RequireAnyScope };
}
