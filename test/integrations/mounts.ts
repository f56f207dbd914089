import type { RequestListener } from 'node:http';

import { getRequestListener } from '@hono/node-server';
import fastify from 'fastify';
import { Hono } from 'hono';
import type { Middleware, Principal } from 'latchkey';
import { latchkeyPlugin } from 'latchkey/fastify';
import { webGuard, withHeaders } from 'latchkey/web';

import { someGuards } from './some-guards';

type Mounts = Readonly<Record<string, (guards: readonly Middleware[]) => RequestListener>>;

/** Other frameworks, with guards before a handler that names the caller. */
export const onNode: Mounts = { 'Fastify 5': onFastify };

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
