import { type CanActivate, type ExecutionContext, HttpException, Inject } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';

import type { RequestLike } from '../../extractors/extractor';
import { toRequestLike } from '../../extractors/to-request-like';
import { type GuardDetails, guardDetails } from '../../http/guard-details';
import { internalError } from '../../http/internal-error';
import type { Middleware } from '../../http/middleware';
import type { Refusal } from '../../http/refusals';
import type { Latchkey } from '../../latchkey';
import { type FastifyReplyLike, type FastifyRequestLike, guardFastify } from '../fastify-reply';
import { type FindRequest, requestIn, setPrincipal } from './carrier';
import { guardsFor, rulesOf } from './rules';

/** What `LatchkeyModule.forRoot()` passes to the guard. */
export interface GuardSettings {
  readonly guards: Latchkey;
  readonly request: FindRequest | undefined;
}

export const SETTINGS = Symbol.for('latchkey.nestjs.settings');

type Handler = ReturnType<ExecutionContext['getHandler']>;
type Arguments = [FastifyRequestLike | Parameters<Middleware>[0], unknown];

/**
 * Thrown where there is no HTTP response: in GraphQL resolvers and for messages. Its status and
 * response are those of the refusal.
 */
export class RefusedException extends HttpException {
  /**
   * Creates the exception.
   * @param refusal the refusal that an HTTP client would get
   */
  constructor(readonly refusal: Refusal) {
    super(JSON.parse(refusal.body) as Record<string, unknown>, refusal.status);
  }
}

/**
 * The guard that `LatchkeyModule` applies to every route. Apply it to a WebSocket gateway or a
 * microservice yourself, because Nest does not.
 * @example
 * `@UseGuards(LatchkeyGuard)`
 * `@WebSocketGateway()`
 */
export class LatchkeyGuard implements CanActivate {
  private readonly known = new Map<Handler, Map<object, readonly Middleware<never>[]>>();

  /** Nest creates it. */
  constructor(
    private readonly settings: GuardSettings,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /**
   * Nest calls it at start-up. Creates the guard of every handler.
   * @throws {TypeError} `ERR_LATCHKEY_SCOPE` for a scope that is not declared
   */
  onModuleInit(): void {
    const wrappers = [...this.discovery.getControllers(), ...this.discovery.getProviders()];
    for (const { metatype } of wrappers) {
      if (typeof metatype === 'function' && typeof metatype.prototype === 'object') {
        this.prepare(metatype, metatype.prototype as Record<string, Handler>);
      }
    }
  }

  private prepare(type: Handler, prototype: Record<string, Handler>): void {
    for (const name of this.scanner.getAllMethodNames(prototype)) {
      const handler = prototype[name];
      if (handler && (rulesOf(handler).length > 0 || rulesOf(type).length > 0)) {
        this.guardsOf(type, handler);
      }
    }
  }

  /** Nest calls it for every request. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    for (const guard of this.guardsOf(context.getClass(), context.getHandler())) {
      await this.apply(guard, context);
    }
    return true;
  }

  private guardsOf(type: Handler, handler: Handler): readonly Middleware<never>[] {
    const byType = this.known.get(handler) ?? new Map<object, readonly Middleware<never>[]>();
    const guards = byType.get(type) ?? guardsFor(this.settings.guards, type, handler);
    this.known.set(handler, byType.set(type, guards));
    return guards;
  }

  private apply(guard: Middleware<never>, context: ExecutionContext): Promise<void> {
    const details = guardDetails(guard) as GuardDetails;
    if (context.getType() !== 'http') {
      return this.applyElsewhere(details, context);
    }
    const [request, response] = context.getArgs<Arguments>();
    return 'raw' in request
      ? onFastify(details, request, response as FastifyReplyLike)
      : onExpress(guard, request, response as Parameters<Middleware>[1]);
  }

  private async applyElsewhere(details: GuardDetails, context: ExecutionContext): Promise<void> {
    const request = toRequestLike(requestIn(context, this.settings.request));
    setPrincipal(context, undefined);
    const result = await details.decide(forDecision(context, request), request);
    if (result.status === 'refused') {
      throw new RefusedException(result.refusal);
    }
    setPrincipal(context, result.status === 'authenticated' ? result.principal : undefined);
  }
}

Inject(SETTINGS)(LatchkeyGuard, undefined, 0);
Inject(DiscoveryService)(LatchkeyGuard, undefined, 1);
Inject(MetadataScanner)(LatchkeyGuard, undefined, 2);

/**
 * Resolves when the request may pass. After a refusal it never settles: the response is sent, and
 * anything else would make an exception filter of Nest send another one.
 */
const onExpress = (
  guard: Middleware<never>,
  request: Parameters<Middleware>[0],
  response: Parameters<Middleware>[1],
): Promise<void> =>
  new Promise((resolve, reject) => {
    guard(request as never, response, (error) =>
      error === undefined ? resolve() : reject(toError(error)),
    );
  });

const toError = (error: unknown): Error => (error instanceof Error ? error : internalError(error));

/** The same on Fastify. */
async function onFastify(
  details: GuardDetails,
  request: FastifyRequestLike,
  reply: FastifyReplyLike,
): Promise<void> {
  if (!(await guardFastify(details, request, reply))) {
    await new Promise(() => undefined);
  }
}

/**
 * A copy of a handshake is authenticated again for each message, because a socket can stay open
 * after its credential is revoked. A GraphQL request is one request for all of its resolvers.
 */
function forDecision(context: ExecutionContext, request: RequestLike): RequestLike {
  if (context.getType<string>() === 'graphql') {
    return request;
  }
  const { headers, rawHeaders, method, url, socket } = request;
  return { headers, rawHeaders, method, url, socket };
}
