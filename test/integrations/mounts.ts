import type { RequestListener } from 'node:http';

import { getRequestListener } from '@hono/node-server';
import { All, Controller, type INestApplication, Module, Req, Res } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Express } from 'express';
import fastify, { type FastifyInstance } from 'fastify';
import { Hono } from 'hono';
import type { Middleware, Principal } from 'latchkey';
import { latchkeyPlugin } from 'latchkey/fastify';
import { Guarded, LatchkeyModule } from 'latchkey/nestjs';
import { webGuard, withHeaders } from 'latchkey/web';

import { someGuards } from './some-guards';

type Mounts = Readonly<Record<string, (guards: readonly Middleware[]) => RequestListener>>;

/** Other frameworks, with guards before a handler that names the caller. */
export const onNode: Mounts = {
  'Fastify 5': onFastify,
  'Nest 11 on Express': (guards) => onNest(guards, new ExpressAdapter(), expressListener),
  'Nest 11 on Fastify': (guards) => onNest(guards, new FastifyAdapter(), fastifyListener),
};

/** Frameworks with web `Request` and `Response`. */
export const onWeb: Mounts = {
  'Hono 4': (guards) => {
    const app = new Hono();
    app.all('*', (context) => respond(guards, context.req.raw));
    return listenerFor(app.fetch);
  },
  'web Request': (guards) => listenerFor((request) => respond(guards, request)),
};

function listenerFor(fetch: (request: Request) => Response | Promise<Response>): RequestListener {
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
  return (req, res) => {
    void listener(req, res);
  };
}

function onFastify(guards: readonly Middleware[]): RequestListener {
  const app = fastify();
  const ready = app
    .register(latchkeyPlugin, { guards: someGuards })
    .after(() => {
      app.all('/*', { onRequest: guards.map((guard) => app.guard(guard)) }, (request, reply) =>
        reply.send(Buffer.from(request.auth?.subject ?? 'anonymous')),
      );
    })
    .ready();
  return (req, res) => {
    void ready.then(() => app.routing(req, res));
  };
}

function onNest(
  guards: readonly Middleware[],
  adapter: AbstractHttpAdapter,
  toListener: (app: INestApplication) => RequestListener | Promise<RequestListener>,
): RequestListener {
  class DomainsController {
    list(req: { readonly auth?: Principal }, res: { send(body: unknown): unknown }) {
      res.send(Buffer.from(req.auth?.subject ?? 'anonymous'));
    }
  }
  const { prototype } = DomainsController;
  const decorators = [...guards.map((guard) => Guarded(guard)), All(['', 'v1/domains'])];
  for (const decorate of decorators) {
    decorate(prototype, 'list', Object.getOwnPropertyDescriptor(prototype, 'list') as never);
  }
  Req()(prototype, 'list', 0);
  Res()(prototype, 'list', 1);
  Controller()(DomainsController);
  class AppModule {}
  Module({ imports: [LatchkeyModule.forRoot(someGuards)], controllers: [DomainsController] })(
    AppModule,
  );
  const ready = NestFactory.create(AppModule, adapter, { logger: false })
    .then((app) => app.init())
    .then(toListener);
  return (req, res) => {
    void ready.then((listener) => listener(req, res));
  };
}

const instanceOf = <T>(app: INestApplication): T => app.getHttpAdapter().getInstance() as T;

function expressListener(app: INestApplication): RequestListener {
  const express = instanceOf<Express>(app);
  express.disable('x-powered-by');
  return express;
}

async function fastifyListener(app: INestApplication): Promise<RequestListener> {
  const instance = instanceOf<FastifyInstance>(app);
  await instance.ready();
  return (req, res) => instance.routing(req, res);
}

async function respond(guards: readonly Middleware[], request: Request): Promise<Response> {
  const guard = webGuard(someGuards);
  let response: Response | undefined;
  for (const one of guards) {
    const auth = await guard(request, { guard: one });
    if (auth instanceof Response) {
      return auth;
    }
    response ??= new Response(findSubject(auth) ?? 'anonymous');
    response = withHeaders(response, auth.headers);
  }
  return response as Response;
}

const findSubject = ({ principal }: { readonly principal?: Principal }): string | undefined =>
  principal?.subject;
