import 'reflect-metadata';

import {
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  type INestApplication,
  Module,
  type Type,
} from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { apiKeys, latchkey, memoryStore } from 'latchkey';
import {
  Guarded,
  LatchkeyGuard,
  LatchkeyModule,
  type LatchkeyModuleOptions,
  Principal,
  Public,
  RefusedException,
  RequireAnyScope,
  RequireScopes,
  type RuleDecorator,
  scopeDecorators,
} from 'latchkey/nestjs';

const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
const guards = latchkey({ scopes: ['read', 'write'], verifiers: [keys] });
let authorization: string;
const apps: INestApplication[] = [];

beforeAll(async () => {
  const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['read'] });
  authorization = `Bearer ${secret}`;
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

type Decorators = readonly MethodDecorator[];

/** A controller with one route. Decorators are called, so that no compiler has to know them. */
function controllerWith(
  decorators: Decorators,
  ofClass: readonly ClassDecorator[] = [],
): Type<object> {
  class SomeController {
    handle(principal: Principal | undefined) {
      return { subject: principal?.subject ?? null };
    }
  }
  const { prototype } = SomeController;
  for (const decorate of [...decorators, Get()]) {
    decorate(prototype, 'handle', Object.getOwnPropertyDescriptor(prototype, 'handle') as never);
  }
  Principal()(prototype, 'handle', 0);
  for (const decorate of [...ofClass, Controller()]) {
    decorate(SomeController);
  }
  return SomeController;
}

async function start(
  controller: Type<object>,
  adapter: AbstractHttpAdapter = new ExpressAdapter(),
  options: LatchkeyModuleOptions = {},
): Promise<INestApplication> {
  class AppModule {}
  Module({
    imports: [LatchkeyModule.forRoot(guards, options)],
    controllers: [controller],
  })(AppModule);
  const app = await NestFactory.create(AppModule, adapter, { logger: false, abortOnError: false });
  apps.push(app);
  return app;
}

/** Listens, and sends one request. */
async function ask(app: INestApplication, headers: Record<string, string> = { authorization }) {
  await app.listen(0, '127.0.0.1');
  const response = await fetch(await app.getUrl(), { headers });
  return { response, text: await response.text() };
}

class EveryError implements ExceptionFilter {
  readonly caught: unknown[] = [];
  catch(error: unknown) {
    this.caught.push(error);
  }
}
Catch()(EveryError);

describe.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const)('on %s', (_platform, createAdapter) => {
  test('a route without a decorator requires a valid credential', async () => {
    const app = await start(controllerWith([]), createAdapter());
    const filter = new EveryError();
    app.useGlobalFilters(filter);
    const { response, text } = await ask(app, {});
    expect([response.status, response.headers.get('www-authenticate'), text]).toEqual([
      401,
      'Bearer realm="api"',
      '{"error":"unauthorized","message":"Invalid or missing API key"}',
    ]);
    expect(filter.caught).toEqual([]);
  });

  test('a handler receives the principal', async () => {
    const app = await start(controllerWith([RequireScopes('read')]), createAdapter());
    const { response, text } = await ask(app);
    expect([response.status, text]).toEqual([200, '{"subject":"acct_42"}']);
  });

  test('a credential outside of Authorization makes the response private', async () => {
    const app = await start(controllerWith([RequireScopes('read')]), createAdapter());
    const { response } = await ask(app, { 'X-API-Key': authorization.slice('Bearer '.length) });
    expect(response.headers.get('cache-control')).toBe('private');
    expect(response.headers.get('vary')).toContain('X-API-Key');
  });

  const methodOrClass: readonly [
    string,
    Decorators,
    readonly ClassDecorator[],
    number,
    string | null,
  ][] = [
    ['all scopes', [RequireScopes('read', 'write')], [], 403, null],
    ['one of several scopes', [RequireAnyScope('read', 'write')], [], 200, 'acct_42'],
    ['two decorators', [RequireScopes('read'), RequireScopes('write')], [], 403, null],
    ['scopes of class and method', [RequireScopes('read')], [RequireScopes('write')], 403, null],
    ['the class alone', [], [RequireScopes('write')], 403, null],
    ['a public method', [Public()], [RequireScopes('write')], 200, null],
    ['a public class', [], [Public()], 200, null],
    ['a method of a public class', [RequireScopes('write')], [Public()], 403, null],
    ['another guard', [Guarded(guards.authorize(() => false))], [], 403, null],
  ];
  test.each(methodOrClass)(
    'decorators decide: %s',
    async (_, decorators, ofClass, status, subject) => {
      const app = await start(controllerWith(decorators, ofClass), createAdapter());
      const { response, text } = await ask(app);
      expect(response.status).toBe(status);
      if (status === 200) {
        expect(JSON.parse(text)).toEqual({ subject });
      }
    },
  );

  test('an optional guard lets an anonymous request pass', async () => {
    const optional = Guarded(guards.authenticate({ optional: true }));
    const app = await start(controllerWith([optional]), createAdapter());
    const { response, text } = await ask(app, {});
    expect([response.status, text]).toEqual([200, '{"subject":null}']);
    expect(response.headers.get('vary')).toContain('Authorization');
  });

  test('a bug of a guard goes to the exception filters', async () => {
    const broken = latchkey({
      verifiers: [keys],
      body: () => {
        throw new Error('broken');
      },
    });
    const app = await start(controllerWith([Guarded(broken.authenticate())]), createAdapter());
    const { response, text } = await ask(app, {});
    expect(response.status).toBe(500);
    expect(text).not.toContain('broken');
  });
});

test.each([
  ['a scope that is not declared', RequireScopes('raed'), 'ERR_LATCHKEY_SCOPE'],
  ['no scope', (RequireScopes as () => RuleDecorator)(), 'ERR_LATCHKEY_SCOPE'],
])('%s is an error at start-up', async (_, decorator, code) => {
  const app = await start(controllerWith([decorator]));
  await expect(app.init()).rejects.toMatchObject({ code });
});

test('@Public() with another decorator is an error at start-up', async () => {
  const app = await start(controllerWith([Public(), RequireScopes('read')]));
  await expect(app.init()).rejects.toMatchObject({ code: 'ERR_LATCHKEY_ARGUMENT' });
});

test('scopeDecorators() accepts only declared scopes', () => {
  const typed = scopeDecorators(guards);
  expect(typed.RequireScopes('read')).toBeInstanceOf(Function);
  // @ts-expect-error the scope is not declared
  typed.RequireScopes('raed');
});

test.each([
  ['forRoot', () => LatchkeyModule.forRoot({} as never)],
  ['forRoot with an unknown option', () => LatchkeyModule.forRoot(guards, { req: 1 } as never)],
  ['scopeDecorators', () => scopeDecorators({} as never)],
  ['Guarded', () => Guarded(() => undefined)],
])('%s rejects what latchkey() did not return', (_, call) => {
  expect(call).toThrow(expect.objectContaining({ code: 'ERR_LATCHKEY_OPTION' }));
});

describe('outside of HTTP', () => {
  /** A context as Nest creates it for a handler that is neither of Express nor of Fastify. */
  function contextOf(type: string, args: unknown[]): ExecutionContext {
    const controller = controllerWith([RequireScopes('read')]);
    const { handle } = controller.prototype as { handle: () => void };
    const context = new ExecutionContextHost(args, controller, handle);
    context.setType(type);
    return context;
  }
  const guardOf = async (options?: LatchkeyModuleOptions) =>
    (await start(controllerWith([]), new ExpressAdapter(), options)).get(LatchkeyGuard);
  const request = () => ({ method: 'POST', url: '/graphql', headers: { authorization } });

  test('a resolver of GraphQL is guarded by req of the context', async () => {
    const graphql: { req: object; auth?: Principal } = { req: request() };
    const guard = await guardOf();
    await expect(guard.canActivate(contextOf('graphql', [{}, {}, graphql]))).resolves.toBe(true);
    expect(graphql.auth?.subject).toBe('acct_42');
    const anonymous = contextOf('graphql', [{}, {}, { req: { headers: {} } }]);
    await expect(guard.canActivate(anonymous)).rejects.toMatchObject({
      status: 401,
      response: { error: 'unauthorized' },
      refusal: { status: 401 },
    });
    await expect(guard.canActivate(anonymous)).rejects.toBeInstanceOf(RefusedException);
  });

  test('a message is refused once the credential of its socket is revoked', async () => {
    const { secret, record } = await keys.issue({ subject: 'acct_7', scopes: ['read'] });
    const client: { request: object; auth?: Principal } = {
      request: { headers: { authorization: `Bearer ${secret}` } },
    };
    const guard = await guardOf();
    const context = contextOf('ws', [client, 'a message']);
    await expect(guard.canActivate(context)).resolves.toBe(true);
    expect(client.auth?.subject).toBe('acct_7');
    await keys.revoke(record.id);
    await expect(guard.canActivate(context)).rejects.toMatchObject({ status: 401 });
    expect(client.auth).toBeUndefined();
  });

  test('the option request finds the request of a socket', async () => {
    const handshakes = new WeakMap<object, ReturnType<typeof request>>();
    const client = {};
    handshakes.set(client, request());
    const guard = await guardOf({
      request: (context) => handshakes.get(context.switchToWs().getClient<object>()),
    });
    await expect(guard.canActivate(contextOf('ws', [client, {}]))).resolves.toBe(true);
  });

  test.each([
    ['rpc', [{}, {}]],
    ['ws', [{}, {}]],
    ['graphql', [{}, {}, undefined]],
  ])('a handler of %s without a request does not run', async (type, args) => {
    const guard = await guardOf();
    await expect(guard.canActivate(contextOf(type, args))).rejects.toMatchObject({
      code: 'ERR_LATCHKEY_ARGUMENT',
    });
  });
});
