import express from 'express';
import express4 from 'express4';
import { apiKeys, latchkey, memoryStore } from 'latchkey';
import { fakeAuth, unguardedRoutes } from 'latchkey/testing';

import { listen } from '../support/servers';

type Express = typeof express;
type Handler = express.RequestHandler;

const verifiers = [apiKeys({ prefix: 'osir', store: memoryStore() })];
const {
  authenticate,
  requireScopes,
  requireAnyScope,
  authorize,
  requireFreshAuth,
  resourceMetadata,
  check,
} = latchkey({
  verifiers,
  resource: { url: 'https://api.example.com' },
});
const guard = authenticate();
const passes: Handler = (_req, _res, next) => next();
const answers: Handler = (_req, res) => void res.end('answered');
const list = (routes: readonly string[]) =>
  routes.map((route) => ({
    method: route.split(' ')[0],
    path: route.slice(route.indexOf(' ') + 1),
  }));

interface Row {
  readonly when: string;
  readonly build: (app: express.Express, make: Express) => void;
  /** What is found, as it was written. */
  readonly unguarded: readonly string[];
  /** What a request without a credential is refused at. */
  readonly guarded?: readonly string[];
  /**
   * What such a request is answered at, where that is not what is found with each parameter filled
   * in.
   */
  readonly open?: readonly string[];
}

const ROWS: readonly Row[] = [
  { when: 'there is no route', build: () => {}, unguarded: [] },
  {
    when: 'a route has no guard',
    build: (app) => app.get('/', answers).get('/a', answers).post('/a/:id', answers),
    unguarded: ['GET /', 'GET /a', 'POST /a/:id'],
  },
  {
    when: "a guard stands in a route's own list",
    build: (app) =>
      app
        .get('/a', guard, answers)
        .post('/a', passes, [guard], passes, answers)
        .delete('/b', passes, answers),
    unguarded: ['DELETE /b'],
    guarded: ['GET /a', 'POST /a'],
  },
  {
    when: 'a guard stands after the handler that answers',
    build: (app) => app.get('/a', answers, guard),
    unguarded: ['GET /a'],
  },
  {
    when: 'a guard is mounted before some routes',
    build: (app) => app.get('/before', answers).use(guard).get('/after', answers),
    unguarded: ['GET /before'],
    guarded: ['GET /after'],
  },
  {
    when: 'a guard is mounted on a path',
    build: (app) =>
      app
        .use('/v1', guard)
        .get('/v1', answers)
        .get('/v1/a', answers)
        .get('/v10', answers)
        .get('/a/v1', answers),
    unguarded: ['GET /v10', 'GET /a/v1'],
    guarded: ['GET /v1', 'GET /v1/a', 'GET /V1/A/'],
  },
  {
    when: 'a guard is mounted on several paths',
    build: (app) =>
      app
        .use(['/a', '/b'], passes, [guard])
        .get('/a', answers)
        .get('/b/c', answers)
        .get('/c', answers),
    unguarded: ['GET /c'],
    guarded: ['GET /a', 'GET /b/c'],
  },
  {
    when: 'a route has several paths',
    build: (app) => app.use('/a', guard).get(['/a', '/b/:id', '/a/:id'], answers),
    unguarded: ['GET /b/:id'],
    guarded: ['GET /a', 'GET /a/7'],
  },
  {
    when: 'a guard is mounted on a parameter',
    build: (app) =>
      app
        .use('/:tenant/admin', guard)
        .get('/:name/admin/x', answers)
        .get('/acme/admin', answers)
        .get('/:name/:page', answers),
    unguarded: ['GET /:name/:page'],
    guarded: ['GET /acme/admin', 'GET /acme/admin/x'],
  },
  {
    when: 'a guard is mounted on one value of what a route takes any value of',
    build: (app) =>
      app
        .use('/users/me', guard)
        .use('/users/7', guard)
        .get('/users/:id', answers)
        .get('/users/me', answers),
    unguarded: ['GET /users/:id'],
    guarded: ['GET /users/me'],
    open: ['GET /users/8'],
  },
  {
    when: 'all methods of a path are guarded first',
    build: (app) =>
      app.all('/a', guard).get('/a', answers).post('/a', answers).get('/a/b', answers),
    unguarded: ['GET /a/b'],
    guarded: ['GET /a', 'POST /a', 'HEAD /a'],
  },
  {
    when: 'one method of a path is guarded first',
    build: (app) => app.get('/a', guard).get('/a', answers).post('/a', answers),
    unguarded: ['POST /a'],
    guarded: ['GET /a'],
  },
  {
    when: 'app.all answers',
    build: (app) => app.all('/a', answers).all('/b', guard, answers),
    unguarded: ['ALL /a'],
    guarded: ['PUT /b'],
    open: ['GET /a', 'DELETE /a'],
  },
  {
    when: 'app.all would be guarded for one method alone',
    build: (app) => app.get('/a', guard).all('/a', answers),
    unguarded: ['ALL /a'],
    guarded: ['GET /a'],
    open: ['POST /a'],
  },
  {
    when: 'app.route gives a path its guard and its methods',
    build: (app) => {
      app.route('/a').all(guard).get(answers).post(answers);
      app.route('/b').get(guard, answers).post(answers).all(answers);
    },
    unguarded: ['ALL /b'],
    guarded: ['GET /a', 'POST /a', 'GET /b'],
    open: ['POST /b', 'PUT /b'],
  },
  {
    when: 'routers are mounted in routers',
    build: (app, { Router }) => {
      const inner = Router().get('/', answers).get('/:id', guard, answers).put('/:id', answers);
      const outer = Router().use('/:tenant/domains', inner).get('/health', answers);
      app.use('/v1/', outer);
      app.use(Router().get('/root', answers));
    },
    unguarded: [
      'GET /v1/:tenant/domains',
      'PUT /v1/:tenant/domains/:id',
      'GET /v1/health',
      'GET /root',
    ],
    guarded: ['GET /v1/acme/domains/7'],
  },
  {
    when: 'a router has a guard of its own',
    build: (app, { Router }) => {
      app.use('/a', Router().get('/first', answers).use(guard).get('/then', answers));
      app.get('/b', answers);
    },
    unguarded: ['GET /a/first', 'GET /b'],
    guarded: ['GET /a/then'],
  },
  {
    when: 'a guard is mounted with a router',
    build: (app, { Router }) =>
      app.use('/a/:id', guard, Router().get('/x', answers)).use('/a', Router().get('/', answers)),
    unguarded: ['GET /a'],
    guarded: ['GET /a/7/x'],
  },
  {
    when: 'a router with a guard is mounted before a route of the same path',
    build: (app, { Router }) => {
      app.use('/a', Router().use('/b', guard).get('/c', passes));
      app.get('/a/b/c', answers).get('/a/c', answers);
    },
    unguarded: ['GET /a/c', 'GET /a/c'],
    guarded: ['GET /a/b/c'],
  },
  {
    when: 'the same router is mounted twice, once behind a guard',
    build: (app, { Router }) => {
      const router = Router().get('/x', answers);
      app.use('/open', router).use('/closed', guard, router);
    },
    unguarded: ['GET /open/x'],
    guarded: ['GET /closed/x'],
  },
  {
    when: 'a router is mounted on several paths, of which one is guarded',
    build: (app, { Router }) => app.use('/a', guard).use(['/a', '/b'], Router().get('/x', answers)),
    unguarded: ['GET /b/x'],
    guarded: ['GET /a/x'],
  },
  {
    when: 'applications are mounted in applications',
    build: (app, make) => {
      const inner = make().get('/x', answers).get('/y', guard, answers);
      const outer = make().use('/inner', inner).use('/guarded', guard, make().get('/x', answers));
      app.use('/outer', outer);
      app.use('/empty', make());
      app.use('/router', make.Router().use('/app', make().get('/x', answers)));
    },
    unguarded: ['GET /outer/inner/x', 'GET /router/app/x'],
    guarded: ['GET /outer/inner/y', 'GET /outer/guarded/x'],
  },
  {
    when: 'a mounted application tells case, which the one around it does not, or the other way about',
    build: (app, make) => {
      const sensitive = make().enable('case sensitive routing');
      app.use(
        '/a',
        sensitive
          .use('/admin', guard)
          .get('/admin/x', answers)
          .use('/admin', make.Router().get('/y', answers)),
      );
      app.use('/b', make().use('/admin', guard).get('/admin/x', answers));
      const guardsLowerCaseAlone = make().enable('case sensitive routing').use('/admin', guard);
      guardsLowerCaseAlone.use('/', make.Router().get('/admin/x', answers));
      app.use('/c', guardsLowerCaseAlone);
    },
    unguarded: ['GET /c/admin/x'],
    guarded: ['GET /a/admin/x', 'GET /a/admin/y', 'GET /b/ADMIN/x', 'GET /c/admin/x'],
    open: ['GET /c/ADMIN/x'],
  },
  {
    when: 'a guard is mounted on a RegExp',
    build: (app, { Router }) => {
      const inner = Router().get('/z', guard, answers);
      app.use(/^\/v\d/i, guard, Router().get('/x', answers).use('/y', inner)).get('/v1/z', answers);
      app
        .use(/\/admin/i, guard)
        .get('/other/admin/x', answers)
        .get('/admin/x', answers);
      app.use(/^\/lower/, guard).get('/lower/x', answers);
      app.use(/^\/start/i, guard).get('/started', answers);
      app
        .get(/^\/start/i, answers)
        .all(/secret/i, guard)
        .get('/a/secret/x', answers);
    },
    unguarded: ['GET /other/admin/x', 'GET /lower/x', 'GET /started', 'GET /^\\/start/i'],
    guarded: [
      'GET /v1/x',
      'GET /v2/y/z',
      'GET /V1/z',
      'GET /admin/x',
      'GET /lower/x',
      'GET /start',
      'GET /a/secret/x',
    ],
    open: ['GET /other/admin/x', 'GET /LOWER/x', 'GET /started', 'GET /starts'],
  },
  {
    when: 'a path is a RegExp',
    build: (app, { Router }) => {
      app.get(/^\/files\/(.*)$/, answers);
      app.use(
        /^\/v(\d)/,
        Router()
          .get('/x', answers)
          .get('/y', guard, answers)
          .use('/z', guard)
          .get('/z/:id', answers),
      );
      app.get(/^\/own$/, guard, answers);
      app
        .use('/own', guard)
        .use(guard)
        .get(/^\/late$/, answers);
    },
    unguarded: ['GET /^\\/files\\/(.*)$/', 'GET /^\\/v(\\d)//x'],
    guarded: ['GET /v1/y', 'GET /v1/z/7', 'GET /own', 'GET /late'],
    open: ['GET /files/a', 'GET /v1/x'],
  },
  {
    when: 'an error handler stands among the handlers',
    build: (app) => {
      const handlesErrors: express.ErrorRequestHandler = (_error, _req, res, _next) =>
        void res.end();
      app.get('/a', guard, answers, handlesErrors).get('/b', answers, handlesErrors);
      app.get('/errors', handlesErrors).use(handlesErrors);
    },
    unguarded: ['GET /b'],
    guarded: ['GET /a'],
  },
  {
    when: 'each kind of guard stands before a route',
    build: (app) => {
      app.get('/authenticate', authenticate(), answers);
      app.get('/scopes', requireScopes('a'), answers);
      app.get('/any', requireAnyScope('a'), answers);
      app.get(
        '/authorize',
        authorize(() => true),
        answers,
      );
      app.get('/fresh', requireFreshAuth({ maxAgeMs: 1 }), answers);
      app.get('/fake', fakeAuth(undefined).authenticate(), answers);
    },
    unguarded: [],
    guarded: ['/authenticate', '/scopes', '/any', '/authorize', '/fresh', '/fake'].map(
      (path) => `GET ${path}`,
    ),
  },
  {
    when: 'anonymous requests are let through by choice',
    build: (app) => app.get('/a', authenticate({ optional: true }), answers),
    unguarded: [],
  },
  {
    when: 'something else of ours, or a guard that is called inside a function, stands before a route',
    build: (app) => {
      app.use(resourceMetadata()).get('/a', answers);
      app.get('/b', (req, res, next) => guard(req, res, next), answers);
      app.get(
        '/c',
        async (req, _res, next) => ((await check(req)).status === 'refused' ? undefined : next()),
        answers,
      );
    },
    unguarded: ['GET /a', 'GET /b', 'GET /c'],
    guarded: ['GET /b'],
    open: ['GET /a', 'GET /c'],
  },
];

const ROWS_OF_4: readonly Row[] = [
  {
    when: 'a guard does not match a path that is written, or requested, with two slashes',
    build: (app, { Router }) => {
      app.all('/', guard).put('//', answers);
      app.use('/a/:x', guard).use('/a', Router({ strict: true }).get('/:y', answers));
      app.use('/b/:x', guard).use('/b', Router().get('/:y', guard, answers));
      app.use('/c/:x', guard).put('/c*', answers);
    },
    unguarded: ['PUT //', 'GET /a/:y', 'PUT /c*'],
    guarded: ['GET /b/c', 'GET /a/x', 'PUT /c/x'],
    open: ['PUT //', 'GET /a//x', 'PUT /c//', 'PUT /c'],
  },
  {
    when: 'paths have the syntax of Express 4',
    build: (app, { Router }) => {
      app
        .get('/a/:id(\\d+)/:name?', answers)
        .get('/b/*', answers)
        .get('/c/:id.:type', answers)
        .get('/d(e)?', answers);
      app
        .use('/f/:id(\\d+)/:name?', Router().get('/x', answers))
        .use('/g/*/h', Router().get('/x', answers));
    },
    unguarded: [
      '/a/:id(\\d+)/:name?',
      '/b/*',
      '/c/:id.:type',
      '/d(e)?',
      '/f/:id/:name?/x',
      '/g/*/h/x',
    ].map((path) => `GET ${path}`),
    open: ['/a/7', '/a/7/n', '/b/x/y', '/c/7.txt', '/d', '/de', '/f/7/n/x', '/g/x/y/h/x'].map(
      (path) => `GET ${path}`,
    ),
  },
  {
    when: 'a guard is mounted on a path in the syntax of Express 4',
    build: (app, { Router }) => {
      app.use('/a/:id(\\d+)', guard).get('/a/:id(\\d+)/x', answers).get('/a/:id/x', answers);
      app.use('/b/:id?', guard).get('/b', answers).get('/b/:id', answers);
      app.use('/c/:x-:y', guard, Router().get('/z', answers));
      app.use('/d.e', Router().get('/x', guard, answers).get('/y', answers));
      app.all('/f/*', guard).get('/f/x/y', answers).get('/f', answers);
      app.all('/o/:id', guard).get('/o/:id?', answers);
      app.all('/*', guard).get('*', answers).get(/early/, answers);
      app.all('*', guard).get(/late/, answers);
    },
    unguarded: ['GET /a/:id/x', 'GET /d.e/y', 'GET /f', 'GET /o/:id?', 'GET /early/'],
    guarded: [
      'GET /a/7/x',
      'GET /b',
      'GET /b/7',
      'GET /c/1-2/z',
      'GET /d.e/x',
      'GET /f/x/y',
      'GET /o/7',
      'GET /anything',
    ],
    open: ['GET /a/name/x', 'GET /d.e/y', 'GET /f', 'GET /o'],
  },
  {
    when: 'Express 4 cannot tell the path of a router from its RegExp',
    build: (app, { Router }) => app.use('/a(b)?', Router().get('/x', answers)),
    unguarded: ['GET /^\\/a(b)?\\/?(?=\\/|$)/i/x'],
    open: ['GET /a/x', 'GET /ab/x'],
  },
];

const ROWS_OF_5: readonly Row[] = [
  {
    when: 'a guard does not match a path that is requested with two slashes',
    build: (app) => {
      app.all('/', guard).put('//', answers);
      app.use('/a/:x', guard).put('/a/*rest', answers);
      app.use('/b', guard).put('/b/*rest', answers);
    },
    unguarded: ['PUT /a/*rest'],
    guarded: ['PUT //', 'PUT /', 'PUT /a/x', 'PUT /b//x'],
    open: ['PUT /a//'],
  },
  {
    when: 'paths have the syntax of Express 5',
    build: (app, { Router }) => {
      app
        .get('/a{/:id}{/:more{.:type}}', answers)
        .get('/b/*rest', answers)
        .get('/c/:"the id"', answers)
        .get('/d\\:e', answers);
      app
        .use('/f{/:id}', Router().get('/x', answers))
        .use('/g/*rest/h', Router().get('/x', answers));
    },
    unguarded: [
      '/a{/:id}{/:more{.:type}}',
      '/b/*rest',
      '/c/:"the id"',
      '/d\\:e',
      '/f{/:id}/x',
      '/g/*rest/h/x',
    ].map((path) => `GET ${path}`),
    open: ['/a', '/a/7', '/a/7/m.txt', '/b/x/y', '/c/7', '/d:e', '/f/7/x', '/g/x/y/h/x'].map(
      (path) => `GET ${path}`,
    ),
  },
  {
    when: 'a guard is mounted on a path in the syntax of Express 5',
    build: (app, { Router }) => {
      app.use('/a{/:id}', guard).get('/a', answers).get('/a/:id', answers);
      app
        .use('/b/:id/c', guard)
        .get('/b{/:id}/c', answers)
        .get('/b/*rest/c', answers)
        .get('/b/:id/c/d', answers);
      app.use('/c/:x-:y', guard, Router().get('/z', answers));
      app.all('/f/*rest', guard).get('/f/x/y', answers).get('/f', answers);
      app.all('/o', guard).get('/o{/:id}', answers);
      app.use('/d\\:e', guard).get('/d\\:e/x', answers);
      app.all('/{*rest}', guard).get('/late', answers).get(/late/, answers);
    },
    unguarded: ['GET /b{/:id}/c', 'GET /b/*rest/c', 'GET /f', 'GET /o{/:id}', 'GET /late/'],
    guarded: [
      'GET /a',
      'GET /a/7',
      'GET /b/7/c/d',
      'GET /c/1-2/z',
      'GET /f/x/y',
      'GET /o',
      'GET /d:e/x',
      'GET /late',
      'GET /too/late',
    ],
    open: ['GET /b/c', 'GET /b/x/y/c', 'GET /f', 'GET /o/7'],
  },
];

const MAJORS: readonly (readonly [string, Express, readonly Row[]])[] = [
  ['Express 4', express4, [...ROWS, ...ROWS_OF_4]],
  ['Express 5', express, [...ROWS, ...ROWS_OF_5]],
];

describe.each(MAJORS)('the unguarded routes of %s', (_, make, rows) => {
  test.each(rows)('are found where $when', async ({ build, unguarded, guarded = [], open }) => {
    const app = make();
    build(app, make);
    expect(unguardedRoutes(app)).toEqual(list(unguarded));

    // What was found, and what was not, is what a request without a credential meets.
    const server = await listen(app);
    const statusOf = async (route: string) => {
      const [method, path] = route.split(' ') as [string, string];
      return [route, (await fetch(`http://127.0.0.1:${server.port}${path}`, { method })).status];
    };
    const filled = open ?? unguarded.map((route) => route.replace(/:\w+/g, '7'));
    try {
      expect(await Promise.all(guarded.map(statusOf))).toEqual(
        guarded.map((route) => [route, 401]),
      );
      expect(await Promise.all(filled.map(statusOf))).toEqual(filled.map((route) => [route, 200]));
    } finally {
      await server.close();
    }
  });

  it('are those of a router, too', () => {
    const router = make.Router();
    router.get('/a', answers).get('/b', guard, answers);
    expect(unguardedRoutes(router)).toEqual(list(['GET /a']));
  });

  it('are found without running anything of the application', () => {
    const ran: string[] = [];
    const run =
      (what: string): Handler =>
      (_req, _res, next) => {
        ran.push(what);
        next();
      };
    const handlesErrors: express.ErrorRequestHandler = (_error, _req, _res, next) => {
      ran.push('error');
      next();
    };
    const inner = make();
    inner.set('query parser', () => ran.push('query'));
    inner.use(run('inner')).get('/x', run('x')).use(handlesErrors);
    inner.param('id', run('param'));
    const app = make().use(run('outer')).use('/inner', run('mounted'), inner).use(handlesErrors);
    expect(unguardedRoutes(app)).toEqual(list(['GET /inner/x']));
    expect(ran).toEqual([]);
  });

  it('leave the application as it was', async () => {
    const app = make().use(
      '/:tenant',
      make().get('/:id', (req, res) => void res.json([req.params, req.baseUrl, req.path])),
    );
    unguardedRoutes(app);
    const server = await listen(app);
    const answer = await fetch(`http://127.0.0.1:${server.port}/acme/7?x=1`);
    expect(await answer.json()).toEqual([{ id: '7' }, '/acme', '/7']);
    await server.close();
  });
});

it('finds routes of Express 4 mounted in Express 5, and the other way about', () => {
  const four = express4().get('/x', answers).get('/y', guard, answers);
  const five = express().get('/x', answers).get('/y', guard, answers);
  expect(unguardedRoutes(express().use('/four', four))).toEqual(list(['GET /four/x']));
  expect(unguardedRoutes(express4().use('/five', five))).toEqual(list(['GET /five/x']));
});

it('knows the guards of another copy of the package', async () => {
  await jest.isolateModulesAsync(async () => {
    const other = await import('latchkey');
    expect(other.latchkey).not.toBe(latchkey);
    const app = express().get('/a', other.latchkey({ verifiers }).authenticate(), answers);
    expect(unguardedRoutes(app)).toEqual([]);
  });
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['an object', {}],
  ['a handler', answers],
  ['a guard', guard],
  [
    'an application of another framework',
    Object.assign(() => {}, { stack: [{ route: '/', handle: answers }] }),
  ],
])('rejects %s as an application', (_, app) => {
  expect(() => unguardedRoutes(app as never)).toThrow(
    new TypeError('unguardedRoutes(app): app must be an Express application or router'),
  );
});

describe('a router before 2.3, which does not keep the path of what is mounted', () => {
  const withoutPaths = (app: express.Express) => {
    for (const layer of app.router.stack) {
      delete (layer as { rawPath?: unknown }).rawPath;
    }
    return app;
  };

  it('is refused if its report would have to name that path', () => {
    const app = withoutPaths(express().use('/v1', guard, express.Router().get('/a', answers)));
    expect(() => unguardedRoutes(app)).toThrow(
      new Error(
        'unguardedRoutes(): the installed "router" does not keep the paths of routers; update it to 2.3 or later',
      ),
    );
  });

  it('serves for the rest', () => {
    const app = express()
      .use('/v1', guard)
      .use(express.Router().get('/v1/a', answers).get('/v2/a', answers))
      .get(['/v1/b', '/v2/b'], answers)
      .use('/v3', express.Router().get('/a', guard, answers))
      .use(guard)
      .use('/v3', express.Router().get('/b', answers));
    expect(unguardedRoutes(withoutPaths(app))).toEqual(list(['GET /v2/a', 'GET /v2/b']));
  });
});
