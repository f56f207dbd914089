import { Reflector } from '@nestjs/core';

import type { Middleware } from '../../http/middleware';
import { typeError } from '../../internal/errors';
import type { Latchkey } from '../../latchkey';

/** What one decorator requires. */
export type Rule =
  | { readonly type: 'public' }
  | { readonly type: 'all' | 'any'; readonly scopes: readonly string[] }
  | { readonly type: 'guard'; readonly guard: Middleware<never> };

/** The metadata key of rules. A string, so that both builds of the package use the same. */
export const RULES = 'latchkey:rules';

type Target = Parameters<Reflector['get']>[1];

const reflector = new Reflector();

/** Returns the rules of a class or a method, in the order in which the decorators ran. */
export const rulesOf = (target: Target): readonly Rule[] =>
  reflector.get<readonly Rule[] | undefined>(RULES, target) ?? [];

/** Returns the guards of a handler. Without a rule, it requires a valid credential. */
export function guardsFor(
  guards: Latchkey,
  type: Target,
  handler: Target,
): readonly Middleware<never>[] {
  const own = checkRules(rulesOf(handler));
  const inherited = checkRules(rulesOf(type));
  if (own.some(isPublic) || (own.length === 0 && inherited.some(isPublic))) {
    return [];
  }
  const rules = [...inherited.filter((rule) => !isPublic(rule)), ...own];
  return rules.length === 0
    ? [guards.authenticate()]
    : rules.map((rule) => createGuard(guards, rule));
}

const isPublic = ({ type }: Rule): boolean => type === 'public';

function checkRules(rules: readonly Rule[]): readonly Rule[] {
  if (rules.some(isPublic) && !rules.every(isPublic)) {
    throw typeError(
      'ERR_LATCHKEY_ARGUMENT',
      '@Public(): remove the other decorators of Latchkey from the same class or method',
    );
  }
  return rules;
}

function createGuard(guards: Latchkey, rule: Rule): Middleware<never> {
  if (rule.type === 'public') {
    return guards.authenticate({ optional: true });
  }
  if (rule.type === 'guard') {
    return rule.guard;
  }
  const scopes = rule.scopes as readonly [string, ...string[]];
  return rule.type === 'all' ? guards.requireScopes(...scopes) : guards.requireAnyScope(...scopes);
}
