import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyRequest,
  onRequestAsyncHookHandler,
} from 'fastify';
import * as z from 'zod/mini';

import type { Principal } from '../credential/principal';
import { guardDetails } from '../http/guard-details';
import type { FreshAuthOptions, Policy } from '../http/guards';
import type { Middleware } from '../http/middleware';
import { typeError } from '../internal/errors';
import { checkOptions } from '../internal/options';
import type { Latchkey } from '../latchkey';
import { guardFastify } from './fastify-reply';
import { guardsArgument } from './guards';

declare module 'fastify' {
  interface FastifyRequest {
    /** The principal that a guard set, or undefined without a guard and for anonymous requests. */
    auth: Principal | undefined;
  }
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- augments Fastify's type
  interface FastifyInstance extends FastifyGuards {}
}

/** A guard as a hook of Fastify. */
export type GuardHook = onRequestAsyncHookHandler;

/** The functions that the plugin adds to a Fastify instance. Each creates an `onRequest` hook. */
export interface FastifyGuards {
  /**
   * Verifies who calls, and responds with 401 without a valid credential.
   * @param options.optional lets a request without a credential pass as anonymous. @default false
   * @example fastify.addHook('onRequest', fastify.authenticate());
   */
  authenticate(options?: { readonly optional?: boolean }): GuardHook;
  /**
   * Requires all of these scopes, and responds with 403 otherwise.
   * @throws {TypeError} `ERR_LATCHKEY_SCOPE` for no scope, or one that is malformed or not declared
   * @example fastify.get('/domains', { onRequest: fastify.requireScopes('domains:read') }, list);
   */
  requireScopes(...scopes: readonly [string, ...string[]]): GuardHook;
  /**
   * Requires at least one of these scopes, and responds with 403 otherwise.
   * @throws {TypeError} `ERR_LATCHKEY_SCOPE` for no scope, or one that is malformed or not declared
   */
  requireAnyScope(...scopes: readonly [string, ...string[]]): GuardHook;
  /** Applies a rule of your own, which receives the Fastify request. */
  authorize(policy: Policy<FastifyRequest>): GuardHook;
  /**
   * Requires a recent (`auth_time`) or strong (`acr`) enough login.
   * @see https://www.rfc-editor.org/rfc/rfc9470
   */
  requireFreshAuth(options: FreshAuthOptions): GuardHook;
  /**
   * Creates a hook from a guard of `latchkey()`, whose scopes TypeScript checks.
   * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` for anything but a guard
   * @example
   * const onRequest = fastify.guard(requireScopes('domains:read'));
   * fastify.get('/domains', { onRequest }, listDomains);
   */
  guard(guard: Middleware<never>): GuardHook;
}

/** Options of the plugin. */
export interface LatchkeyPluginOptions {
  /** What `latchkey()` returned. */
  readonly guards: Latchkey<never>;
}

const optionsSchema = z.object({ guards: guardsArgument });

const register: FastifyPluginAsync<LatchkeyPluginOptions> = async (fastify, options) => {
  checkOptions('latchkeyPlugin', optionsSchema, options);
  fastify.decorateRequest('auth', undefined);
  for (const [name, create] of Object.entries(hooksFor(options.guards))) {
    fastify.decorate(name as keyof FastifyInstance, create as never);
  }
};

/**
 * Adds guards to a Fastify instance, and `auth` to its requests. The responses are the same as on
 * Express.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if `guards` is not what `latchkey()` returned
 * @example
 * await fastify.register(latchkeyPlugin, { guards });
 * fastify.get('/domains', { onRequest: fastify.requireScopes('domains:read') }, listDomains);
 */
export const latchkeyPlugin: FastifyPluginAsync<LatchkeyPluginOptions> = Object.assign(register, {
  // What fastify-plugin sets: the decorators belong to the instance that registers the plugin.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'latchkey',
  [Symbol.for('plugin-meta')]: { name: 'latchkey', fastify: '5.x' },
});

function hooksFor(guards: Latchkey<never>): FastifyGuards {
  const { authenticate, requireScopes, requireAnyScope, authorize, requireFreshAuth } =
    guards as Latchkey;
  return {
    authenticate: (options) => toHook(authenticate(options)),
    requireScopes: (...scopes) => toHook(requireScopes(...scopes)),
    requireAnyScope: (...scopes) => toHook(requireAnyScope(...scopes)),
    authorize: (policy) => toHook(authorize(policy as never)),
    requireFreshAuth: (options) => toHook(requireFreshAuth(options)),
    guard: toHook,
  };
}

function toHook(guard: Middleware<never>): GuardHook {
  const details = guardDetails(guard);
  if (!details) {
    throw typeError(
      'ERR_LATCHKEY_ARGUMENT',
      'guard(guard): must be what requireScopes() or another guard of latchkey() returned',
    );
  }
  return async (request, reply) => {
    // Fastify goes on only if a hook returns nothing.
    return (await guardFastify(details, request, reply)) ? undefined : reply;
  };
}
