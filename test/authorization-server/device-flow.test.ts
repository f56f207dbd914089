import { generateKeyPairSync } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import express from 'express';
import { memoryStore } from 'latchkey';
import {
  consentPage,
  type Login,
  type OAuthRefusal,
  type RegisteredClient,
} from 'latchkey/authorization-server';

import { Browser, type Page } from '../support/browser';
import {
  confirm,
  type Device,
  DEVICE_CLIENT,
  DEVICE_CODE,
  type DeviceOptions,
  startDevice,
} from '../support/devices';
import {
  agree,
  answerOf,
  type Issuing,
  type IssuingOptions,
  logIn,
  startIssuing,
  WEB_CLIENT,
} from '../support/issuing';
import { listen } from '../support/servers';

let issuing: Issuing;
const open: { readonly close: () => Promise<void> }[] = [];
const start = async (options: IssuingOptions = {}): Promise<Issuing> => {
  const started = await startIssuing({ deviceFlow: true, ...options });
  open.push(started);
  return started;
};
beforeAll(async () => {
  issuing = await startIssuing({ deviceFlow: true });
});
afterEach(async () => {
  jest.useRealTimers();
  await Promise.all(open.splice(0).map(({ close }) => close()));
});
afterAll(() => issuing.close());

const turnOn = (options?: DeviceOptions): Promise<Device> => startDevice(issuing, options);
const page = (path = '', browser = new Browser(), at = issuing) =>
  browser.open(`${at.origin}/oauth/device${path}`);

/** Moves the clock of the server; timers run as before. */
function advance(ms: number): void {
  jest.useFakeTimers({
    now: Date.now() + ms,
    doNotFake: [
      ...(['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] as const),
      ...(['nextTick', 'queueMicrotask', 'performance'] as const),
    ],
  });
}

const headingOf = ({ text }: { readonly text: string }) =>
  /<h1[^>]*>(.*?)<\/h1>/.exec(text)?.[1]?.replace(/<[^>]*>/g, '');
const alertOf = ({ text }: { readonly text: string }) =>
  /role="alert"[^>]*>([^<]*)/.exec(text)?.[1];

const WRONG = 'This code is not correct. Check it and try again.';
const EXPIRED = 'This code has expired. Get a new one on your device.';
const USED = 'This code was already used. Get a new one on your device.';
const FAILED = 'This did not work. Enter the code again.';
const STOPPED = 'Your device was not connected';
const CONNECTED = 'Your device is connected';
const refusedWith = (error: string) => ({ status: 400, body: { error } });

async function refusalsOf(action: () => Promise<unknown>): Promise<OAuthRefusal[]> {
  const told: OAuthRefusal[] = [];
  const listen = (message: unknown) => void told.push(message as OAuthRefusal);
  subscribe('latchkey:oauth-refusal', listen);
  await action().finally(() => unsubscribe('latchkey:oauth-refusal', listen));
  return told;
}

describe.each([
  ['opaque tokens', {}],
  [
    'JWTs',
    { tokens: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey] } },
  ] as const,
])('a device gets %s', (_, options) => {
  it('after its user entered the code, confirmed it, logged in and agreed', async () => {
    const own = await start(options);
    const device = await startDevice(own);
    expect(device.body).toEqual({
      device_code: expect.stringMatching(/^[\w-]{43}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: `${own.origin}/oauth/device`,
      verification_uri_complete: `${own.origin}/oauth/device?user_code=${device.body.user_code}`,
      expires_in: 600,
      interval: 5,
    });
    expect(await device.poll()).toMatchObject(refusedWith('authorization_pending'));

    const confirmation = await device.enter();
    expect(headingOf(confirmation)).toBe('Does your device show this code?');
    expect(confirmation.text).toContain(`<p class="code">${device.body.user_code}</p>`);
    expect(confirmation.text).toContain('Living Room TV');
    const consent = await logIn(await confirm(confirmation));
    expect(headingOf(consent)).toBe('Allow Living Room TV?');
    expect(consent.text).not.toContain('go back');
    const done = await agree(consent);
    expect([done.response.status, headingOf(done)]).toEqual([200, CONNECTED]);

    const { status, body } = await device.poll();
    expect([status, Object.keys(body as object).sort()]).toEqual([
      200,
      ['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type'],
    ]);
    expect(await own.call(body.access_token)).toMatchObject({
      status: 200,
      body: {
        subject: 'acct_42',
        clientId: device.client.clientId,
        scopes: ['domains:read', 'domains:write'],
      },
    });
    const refreshed = await own.post('/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token,
      ...device.credentials,
    });
    expect((await own.call(refreshed.body.access_token)).status).toBe(200);
    const [grant] = await own.server.grants.list({ subject: 'acct_42' });
    expect(grant).toMatchObject({
      clientId: device.client.clientId,
      scopes: ['domains:read', 'domains:write'],
      audience: [own.issuer],
    });
    await own.server.grants.revoke(grant?.id as string);
    expect((await own.call(refreshed.body.access_token)).status).toBe(401);
  });
});

describe('the code', () => {
  test.each<[string, (code: string) => string]>([
    ['in lower case', (code) => code.toLowerCase()],
    ['without its hyphen', (code) => code.replace('-', '')],
    ['with spaces', (code) => ` ${code.replace('-', '').split('').join(' ')} `],
    ['with another dash', (code) => code.replace('-', '–')],
    [
      'in full-width letters',
      (code) => code.replace(/[A-Z]/g, (one) => String.fromCharCode(one.charCodeAt(0) + 0xfee0)),
    ],
  ])('may be typed %s', async (_, type) => {
    const { body } = await turnOn();
    const confirmation = await (await page()).submit({ user_code: type(body.user_code as string) });
    expect(confirmation.text).toContain(`<p class="code">${body.user_code}</p>`);
  });

  test.each([
    ['nobody', 'BBBB-BBBB'],
    ['nobody, with a script in it', '<script>alert(1)</script>'],
    ['another alphabet', 'AEIO-0000'],
    ['no characters', ''],
    ['64 kB', 'B'.repeat(60_000)],
  ])('of %s is refused on the form, which keeps what was typed', async (_, typed) => {
    const refused = await (await page()).submit({ user_code: typed });
    expect([refused.response.status, alertOf(refused)]).toEqual([400, WRONG]);
    expect(refused.text).toContain('aria-invalid="true"');
    expect(refused.text).toContain('<title>Error: Connect a device</title>');
    expect(refused.text).not.toContain('<script>');
    expect(refused.text.length).toBeLessThan(10_000);
    const { body } = await turnOn();
    expect(headingOf(await refused.submit({ user_code: body.user_code as string }))).toBe(
      'Does your device show this code?',
    );
  });

  it('in a link is shown, and has to be confirmed', async () => {
    const { body, poll } = await turnOn();
    const confirmation = await new Browser().open(body.verification_uri_complete as string);
    expect(headingOf(confirmation)).toBe('Does your device show this code?');
    expect(confirmation.text).toContain(`<p class="code">${body.user_code}</p>`);
    expect(headingOf(await agree(await logIn(await confirm(confirmation))))).toBe(CONNECTED);
    expect((await poll()).status).toBe(200);
  });

  it('in a link that is wrong is refused on the form', async () => {
    const refused = await page('?user_code=BBBB-BBBB');
    expect([refused.response.status, alertOf(refused)]).toEqual([400, WRONG]);
  });

  it('that another device has is not issued: the request is 503, and the next one works', async () => {
    const store = memoryStore();
    let isTaken = true;
    const own = await start({
      store: {
        ...store,
        setIfAbsent: async (group, ...rest) =>
          group === 'oauth:UserCode' && isTaken ? false : store.setIfAbsent(group, ...rest),
      },
    });
    const taken = await startDevice(own);
    expect(taken.body.error).toBe('temporarily_unavailable');
    isTaken = false;
    expect((await startDevice(own)).body).toHaveProperty('user_code');
  });
});

describe('the page of the code', () => {
  it('shows every language, and has the policy of all pages', async () => {
    const response = await fetch(`${issuing.origin}/oauth/device`, {
      headers: { 'accept-language': 'ja, de' },
    });
    expect([response.status, response.headers.get('content-language')]).toEqual([200, 'ja']);
    expect(response.headers.get('content-security-policy')).toContain("form-action 'self'");
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('set-cookie')).toMatch(
      /^latchkey_device=[\w-]{43}; path=\/oauth\/device; samesite=lax; httponly$/i,
    );
  });

  it('is for GET, HEAD and POST', async () => {
    for (const method of ['PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await fetch(`${issuing.origin}/oauth/device`, { method });
      expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
    }
    const head = await fetch(`${issuing.origin}/oauth/device`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('also works behind body parsers', async () => {
    const own = await start({ before: [express.json(), express.urlencoded()] });
    const device = await startDevice(own);
    expect(headingOf(await device.connect())).toBe(CONNECTED);
    expect((await device.poll()).status).toBe(200);
  });

  test.each<[string, (form: URLSearchParams, headers: Headers) => void]>([
    ['without a cookie', (_form, headers) => headers.delete('cookie')],
    [
      'with the cookie of another browser',
      (_form, headers) => headers.set('cookie', `latchkey_device=${'A'.repeat(43)}`),
    ],
    ['without a token', (form) => form.delete('csrf_token')],
    ['with a wrong token', (form) => form.set('csrf_token', 'A'.repeat(43))],
    ['from another site', (_form, headers) => headers.set('sec-fetch-site', 'cross-site')],
    ['from another origin', (_form, headers) => headers.set('origin', 'https://evil.example')],
    ['as JSON', (_form, headers) => headers.set('content-type', 'application/json')],
  ])('refuses a form %s, and lets the user begin again', async (_, forge) => {
    const { body, poll } = await turnOn();
    const browser = new Browser();
    const { text } = await (
      await page('', browser)
    ).submit({ user_code: body.user_code as string });
    const form = new URLSearchParams({
      csrf_token: /name="csrf_token" value="([\w-]+)"/.exec(text)?.[1] as string,
      user_code: body.user_code as string,
      abort: 'yes',
    });
    const headers = new Headers({
      cookie: `latchkey_device=${browser.cookieValues()[0]}`,
      'content-type': 'application/x-www-form-urlencoded',
    });
    forge(form, headers);
    const response = await fetch(`${issuing.origin}/oauth/device`, {
      method: 'POST',
      headers,
      body: form.toString(),
    });
    const refused = await answerOf(response);
    expect([refused.status, alertOf({ text: refused.body as string })]).toEqual([400, FAILED]);
    expect(await poll()).toMatchObject(refusedWith('authorization_pending'));
  });

  describe('bounds how many wrong codes are looked up', () => {
    const letters = 'BCDFGHJKLMNPQRSTVWXZ';
    const codes = (count: number, prefix = 'BBBB') =>
      Array.from(
        { length: count },
        (_unused, index) =>
          `${prefix}B${letters[Math.floor(index / 400)]}${letters[Math.floor(index / 20) % 20]}${letters[index % 20]}`,
      );
    const trustProxy: express.RequestHandler = ({ app }, _res, next) => {
      app.set('trust proxy', true);
      next();
    };
    const startCounting = async () => {
      const store = memoryStore();
      let lookUps = 0;
      const get: typeof store.get = (group, ...rest) => {
        lookUps += Number(group === 'oauth:UserCode');
        return store.get(group, ...rest);
      };
      const own = await start({ store: { ...store, get }, before: [trustProxy] });
      const guess = async (code: string, address = '192.0.2.1') =>
        answerOf(
          await fetch(`${own.origin}/oauth/device?user_code=${code}`, {
            headers: { 'x-forwarded-for': address, connection: 'close' },
          }),
        );
      return { own, guess, lookUps: () => lookUps };
    };

    it('of one address, however many arrive at the same time', async () => {
      const { own, guess, lookUps } = await startCounting();
      const { body } = await startDevice(own);
      const code = body.user_code as string;
      const refusals = await refusalsOf(async () => {
        const guesses = await Promise.all(codes(130).map((one) => guess(one)));
        expect(guesses.filter(({ status }) => status === 400)).toHaveLength(100);
        expect(guesses.filter(({ status }) => status === 429)).toHaveLength(30);
      });
      expect(lookUps()).toBe(100);
      const wrong = refusals.filter(({ reason }) => reason === 'the user code is unknown');
      expect(wrong).toHaveLength(100);
      expect(refusals.at(-1)).toMatchObject({
        ...{ endpoint: 'deviceVerification', status: 429 },
        reason: 'too many user codes were wrong',
      });
      const right = await guess(code);
      expect([right.status, right.headers.get('retry-after')]).toEqual([429, '600']);
      expect(right.body).toContain('Please try again');
      expect((await guess(code, '192.0.2.2')).status).toBe(200);
      advance(601_000);
      expect((await guess('BBBBBBBB')).status).toBe(400);
    });

    it('of all addresses together', async () => {
      const { own, guess, lookUps } = await startCounting();
      const { body } = await startDevice(own);
      for (let network = 0; network < 11; network++) {
        const address = `198.51.100.${network}`;
        await Promise.all(codes(100).map((code) => guess(code, address)));
      }
      expect(lookUps()).toBe(1_000);
      expect((await guess(body.user_code as string, '192.0.2.2')).status).toBe(429);
    });

    it('and counts no code that is right, or used, or expired', async () => {
      const { own, guess } = await startCounting();
      const device = await startDevice(own);
      const guessAll = async () => {
        const seen = await Promise.all(
          Array.from({ length: 60 }, () => guess(device.body.user_code as string)),
        );
        return new Set(seen.map(({ status }) => status));
      };
      expect(await guessAll()).toEqual(new Set([200]));
      await device.connect();
      expect(await guessAll()).toEqual(new Set([400]));
      advance(601_000);
      expect(await guessAll()).toEqual(new Set([400]));
    });

    it('and counts no attempt that failed by an outage', async () => {
      const store = memoryStore();
      let isDown = true;
      const get: typeof store.get = (group, ...rest) =>
        isDown && group === 'oauth:UserCode'
          ? Promise.reject(new Error('store down'))
          : store.get(group, ...rest);
      const own = await start({ store: { ...store, get } });
      const guess = async (code: string) =>
        answerOf(
          await fetch(`${own.origin}/oauth/device?user_code=${code}`, {
            headers: { connection: 'close' },
          }),
        );
      const failed = await Promise.all(codes(110).map(guess));
      expect(new Set(failed.map(({ status }) => status))).toEqual(new Set([503]));
      isDown = false;
      expect((await guess('BBBBBBBB')).status).toBe(400);
    });
  });
});

describe('a device is refused', () => {
  it.each<[string, (device: Device) => Promise<{ readonly text: string }>]>([
    [
      'cancels instead of confirming',
      async (device) => (await device.enter()).submit({ abort: 'yes' }),
    ],
    [
      'gives up at the login',
      async (device) => (await confirm(await device.enter())).submit({ cancel: 'yes' }),
    ],
    ['denies', async (device) => (await device.reachConsent()).submit({ decision: 'deny' })],
  ])('once with access_denied if its user %s, and then with invalid_grant', async (_, deny) => {
    const device = await turnOn();
    expect(headingOf(await deny(device))).toBe(STOPPED);
    expect(await device.poll()).toMatchObject(refusedWith('access_denied'));
    expect(await device.poll()).toMatchObject(refusedWith('invalid_grant'));
    const again = await device.enter();
    expect([again.response.status, alertOf(again)]).toEqual([400, USED]);
  });

  it('with expired_token after ten minutes, and later as if the code had never existed', async () => {
    const device = await turnOn();
    advance(60_000);
    const confirmed = await device.reachConsent();
    advance(541_000);
    expect(await device.poll()).toMatchObject(refusedWith('expired_token'));
    expect(alertOf(await device.enter())).toBe(EXPIRED);
    const late = await agree(confirmed);
    expect([late.url.pathname, alertOf(late)]).toEqual(['/oauth/device', EXPIRED]);
    expect(await device.poll()).toMatchObject(refusedWith('expired_token'));
    advance(700_000);
    expect(await device.poll()).toMatchObject(refusedWith('invalid_grant'));
    expect(alertOf(await device.enter())).toBe(WRONG);
    expect(await issuing.server.grants.list({ subject: 'acct_42' })).not.toContainEqual(
      expect.objectContaining({ clientId: device.client.clientId }),
    );
  });

  it('a minute late, if its user agreed in the last moment', async () => {
    const device = await turnOn();
    advance(598_000);
    await device.connect();
    advance(4_000);
    expect((await device.poll()).status).toBe(200);
    const later = await turnOn();
    advance(598_000);
    await later.connect();
    advance(63_000);
    expect(await later.poll()).toMatchObject(refusedWith('expired_token'));
  });

  it('if its user is revoked, or its client removed, before it fetches the tokens', async () => {
    const [revoked, removed] = [await turnOn(), await turnOn()];
    await revoked.connect();
    await issuing.server.revoke({ clientId: revoked.client.clientId });
    expect(await revoked.poll()).toMatchObject(refusedWith('invalid_grant'));
    const confirmation = await removed.enter();
    await issuing.server.clients.remove(removed.client.clientId);
    const login = await confirm(confirmation);
    expect([login.response.status, login.text]).toEqual([
      400,
      expect.stringContaining('is not known any more'),
    ]);
    const again = await removed.enter();
    expect([again.response.status, again.text]).toEqual([
      400,
      expect.stringContaining('is not known any more'),
    ]);
    expect(await removed.poll()).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it('with the code of another client, which then goes on as before', async () => {
    const [mine, other] = [await turnOn(), await turnOn()];
    for (let i = 0; i < 3; i++) {
      expect(await mine.poll(other.credentials)).toMatchObject(refusedWith('invalid_grant'));
    }
    expect(await mine.poll()).toMatchObject(refusedWith('authorization_pending'));
    await mine.connect();
    expect(await mine.poll(other.credentials)).toMatchObject(refusedWith('invalid_grant'));
    expect((await mine.poll()).status).toBe(200);
  });

  it('with slow_down while it polls too quickly, and has to wait five seconds longer each time', async () => {
    const device = await turnOn();
    const polls: [afterMs: number, error: string][] = [
      [0, 'authorization_pending'],
      [5_000, 'authorization_pending'],
      [2_000, 'slow_down'],
      [5_000, 'slow_down'],
      [15_000, 'authorization_pending'],
      [10_000, 'slow_down'],
      [20_000, 'authorization_pending'],
      [19_500, 'authorization_pending'],
    ];
    for (const [after, error] of polls) {
      advance(after);
      expect([after, (await device.poll()).body.error]).toEqual([after, error]);
    }
    await device.connect();
    expect((await device.poll()).status).toBe(200);
  });

  test.each([
    ['no device code', { device_code: '' }, 'invalid_request'],
    ['an unknown device code', { device_code: 'x' }, 'invalid_grant'],
  ])('with %s', async (_, parameters, error) => {
    const device = await turnOn();
    expect(await device.poll(parameters)).toMatchObject(refusedWith(error));
  });
});

describe('one decision counts', () => {
  it('of two users, and the grant of the other one ends', async () => {
    const device = await turnOn();
    const consents = [await device.reachConsent(), await device.reachConsent()];
    const ends = await Promise.all(consents.map(agree));
    expect(ends.map((end) => headingOf(end) ?? '').sort()).toEqual(['Connect a device', CONNECTED]);
    expect(ends.map(alertOf).filter(Boolean)).toEqual([USED]);
    expect((await device.poll()).status).toBe(200);
    const grants = await issuing.server.grants.list({ subject: 'acct_42', limit: 1_000 });
    expect(grants.filter(({ clientId }) => clientId === device.client.clientId)).toHaveLength(1);
  });

  it('of a user who clicks twice, and the page says how it ended when it is loaded again', async () => {
    const device = await turnOn();
    const consent = await device.reachConsent();
    const ends = await Promise.all([agree(consent), agree(consent)]);
    expect(ends.map(headingOf)).toEqual([CONNECTED, CONNECTED]);
    const changed = await consent.submit({ decision: 'deny' });
    const reloaded = await consent.browser.open(consent.url.href);
    expect([headingOf(changed), headingOf(reloaded)]).toEqual([CONNECTED, CONNECTED]);
    expect((await device.poll()).status).toBe(200);
    const grants = await issuing.server.grants.list({ subject: 'acct_42', limit: 1_000 });
    expect(grants.filter(({ clientId }) => clientId === device.client.clientId)).toHaveLength(1);
  });

  it('where one user cancelled and the other had logged in', async () => {
    const device = await turnOn();
    const consent = await device.reachConsent();
    await (await device.enter()).submit({ abort: 'yes' });
    const late = await agree(consent);
    expect([late.url.pathname, alertOf(late)]).toEqual(['/oauth/device', USED]);
    expect(await device.poll()).toMatchObject(refusedWith('access_denied'));
  });
});

describe('an outage decides nothing', () => {
  const METHODS = ['get', 'set', 'setIfAbsent', 'insert', 'findById'] as const;
  const steps: readonly (readonly [string, (device: Device) => Promise<() => Promise<Page>>])[] = [
    [
      'while the code is entered',
      async ({ body }) => {
        const form = await new Browser().open(body.verification_uri as string);
        return async () => form.submit({ user_code: body.user_code as string });
      },
    ],
    [
      'while the code is confirmed',
      async (device) => {
        const confirmation = await device.enter();
        return () => confirm(confirmation);
      },
    ],
    [
      'at the login',
      async (device) => {
        const login = await confirm(await device.enter());
        return () => logIn(login);
      },
    ],
    [
      'at the consent',
      async (device) => {
        const consent = await device.reachConsent();
        return () => agree(consent);
      },
    ],
  ];

  it.each(
    METHODS.flatMap((method) => steps.map(([when, reach]) => [method, when, reach] as const)),
  )(
    'of %s() %s: the user tries again, and the device gets its tokens',
    async (method, _when, reach) => {
      const store = memoryStore();
      let isDown = false;
      const call = store[method].bind(store) as (...args: unknown[]) => Promise<unknown>;
      const failing = (...args: unknown[]) =>
        isDown ? Promise.reject(new Error('store down')) : call(...args);
      const own = await start({ store: { ...store, [method]: failing } });
      const device = await startDevice(own);
      const submit = await reach(device);
      isDown = true;
      const failed = await submit();
      isDown = false;
      expect([200, 503]).toContain(failed.response.status);
      if (failed.response.status === 503) {
        expect(await device.poll()).toMatchObject(refusedWith('authorization_pending'));
      }
      let seen = failed.response.status === 503 ? await submit() : failed;
      const answers: readonly [RegExp, (page: Page) => Promise<Page>][] = [
        [/Does your device/, confirm],
        [/Log in/, logIn],
        [/^Allow/, agree],
      ];
      for (const [heading, answer] of answers) {
        if (heading.test(headingOf(seen) ?? '')) {
          seen = await answer(seen);
        }
      }
      expect(headingOf(seen)).toBe(CONNECTED);
      expect((await device.poll()).status).toBe(200);
    },
  );

  it.each(['get', 'set'] as const)(
    'of %s() while a device polls: it gets 503, and goes on to wait',
    async (method) => {
      const store = memoryStore();
      let isDown = false;
      const call = store[method].bind(store) as (...args: unknown[]) => Promise<unknown>;
      const hanging = (...args: unknown[]) =>
        isDown ? new Promise<never>(() => {}) : call(...args);
      const own = await start({ store: { ...store, [method]: hanging }, timeoutMs: 100 });
      const device = await startDevice(own);
      isDown = true;
      const { status, headers, body } = await device.poll();
      expect([status, headers.get('retry-after'), body.error]).toEqual([
        503,
        '1',
        'temporarily_unavailable',
      ]);
      isDown = false;
      expect(await device.poll()).toMatchObject(refusedWith('authorization_pending'));
    },
  );
});

it('a device code gives one token response of 20 at once, and the reuse ends the grant', async () => {
  const device = await turnOn();
  await device.connect();
  const answers = await Promise.all(Array.from({ length: 20 }, () => device.poll()));
  const tokens = answers.filter(({ status }) => status === 200);
  expect(tokens).toHaveLength(1);
  expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(19);
  expect((await issuing.call(tokens[0]?.body.access_token as string)).status).toBe(401);
});

describe('the device authorization endpoint', () => {
  const authorize = async (parameters: Readonly<Record<string, string>>, at = issuing) =>
    at.post('/oauth/device_authorization', parameters);

  test.each([
    ['an unknown scope', { scope: 'domains:wipe' }, 'invalid_scope'],
    ['a scope that the client may not have', { scope: 'billing:read' }, 'invalid_scope'],
    ['an unknown resource', { resource: 'https://other.example' }, 'invalid_target'],
    ['a request object', { request: 'x.y.z' }, 'request_not_supported'],
    ['a max_age that is no number', { max_age: 'soon' }, 'invalid_request'],
    ['more than 2 kB', { login_hint: 'a'.repeat(2_001) }, 'invalid_request'],
  ])('refuses %s', async (_, parameters, error) => {
    const { client } = await issuing.server.clients.register(DEVICE_CLIENT);
    expect(await authorize({ client_id: client.clientId, ...parameters })).toMatchObject(
      refusedWith(error),
    );
  });

  it('refuses a client that may not use the grant, an unknown one, and a wrong secret', async () => {
    const web = await issuing.server.clients.register(WEB_CLIENT);
    const tv = await issuing.server.clients.register({ ...DEVICE_CLIENT, type: 'confidential' });
    const credentials = { client_id: web.client.clientId, client_secret: web.secret as string };
    expect(await authorize(credentials)).toMatchObject(refusedWith('unauthorized_client'));
    expect(
      await issuing.post('/oauth/token', {
        ...{ grant_type: DEVICE_CODE, device_code: 'x', ...credentials },
      }),
    ).toMatchObject(refusedWith('unauthorized_client'));
    const { clientId } = tv.client;
    for (const parameters of [
      { client_id: clientId },
      { client_id: clientId, client_secret: 'wrong' },
      { client_id: 'nobody' },
      {},
    ] as const) {
      expect(await authorize(parameters)).toMatchObject({
        status: 401,
        body: { error: 'invalid_client' },
      });
    }
    const { status, headers } = await authorize({
      client_id: clientId,
      client_secret: tv.secret as string,
    });
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
  });

  it('ignores unknown parameters, and those of OpenID Connect', async () => {
    const device = await turnOn({
      parameters: { nonce: 'n', claims: '{}', prompt: 'consent', state: 's', x: 'y' },
    });
    expect(headingOf(await device.connect())).toBe(CONNECTED);
  });

  it('is not there, nor is the page and the grant, unless it is enabled', async () => {
    const own = await start({ deviceFlow: false });
    const { client } = await issuing.server.clients.register(DEVICE_CLIENT);
    expect((await authorize({ client_id: client.clientId }, own)).status).toBe(404);
    expect((await page('', new Browser(), own)).response.status).toBe(404);
    const web = await own.server.clients.register(WEB_CLIENT);
    expect(
      await own.post('/oauth/token', {
        ...{ grant_type: DEVICE_CODE, device_code: 'x' },
        ...{ client_id: web.client.clientId, client_secret: web.secret as string },
      }),
    ).toMatchObject(refusedWith('unsupported_grant_type'));
    const metadata = async ({ issuer }: Issuing) =>
      (await answerOf(await fetch(`${issuer}/.well-known/oauth-authorization-server`))).body;
    expect(await metadata(own)).not.toHaveProperty('device_authorization_endpoint');
    expect(await metadata(issuing)).toMatchObject({
      device_authorization_endpoint: `${issuing.origin}/oauth/device_authorization`,
      grant_types_supported: expect.arrayContaining([DEVICE_CODE]),
    });
  });

  it('issues at most 1 000 codes in ten minutes to one address', async () => {
    const trustProxy: express.RequestHandler = ({ app }, _res, next) => {
      app.set('trust proxy', true);
      next();
    };
    const own = await start({ before: [trustProxy] });
    const { client } = await own.server.clients.register(DEVICE_CLIENT);
    const from = (address: string) =>
      own.post(
        '/oauth/device_authorization',
        { client_id: client.clientId },
        { 'x-forwarded-for': address },
      );
    const statuses: number[] = [];
    const told = await refusalsOf(async () => {
      for (let batch = 0; batch < 10; batch++) {
        const answers = await Promise.all(Array.from({ length: 101 }, () => from('192.0.2.1')));
        statuses.push(...answers.map(({ status }) => status));
      }
    });
    expect(statuses.filter((status) => status === 200)).toHaveLength(1_000);
    expect(statuses.filter((status) => status === 503)).toHaveLength(10);
    expect(told[0]).toMatchObject({
      ...{ endpoint: 'deviceAuthorization', status: 503, error: 'temporarily_unavailable' },
      reason: 'too many devices wait for their users',
    });
    expect((await from('192.0.2.2')).status).toBe(200);
    advance(601_000);
    expect((await from('192.0.2.1')).status).toBe(200);
  });

  it('accepts parameters of almost 2 kB, with which the user can log in', async () => {
    const device = await turnOn({ parameters: { login_hint: 'a'.repeat(1_800) } });
    expect(headingOf(await device.connect())).toBe(CONNECTED);
  });

  it('publishes the page at its configured URL', async () => {
    const own = await start({
      endpoints: {
        deviceAuthorization: '/device/code',
        deviceVerification: ['https://acme.example/tv', '/connect'],
      },
    });
    const { client } = await own.server.clients.register(DEVICE_CLIENT);
    const { body } = await own.post('/device/code', { client_id: client.clientId });
    expect(body).toMatchObject({
      verification_uri: 'https://acme.example/tv',
      verification_uri_complete: `https://acme.example/tv?user_code=${body.user_code}`,
    });
    for (const path of ['/tv', '/connect']) {
      const form = await new Browser().open(`${own.origin}${path}`);
      const seen = await form.submit({ user_code: body.user_code as string });
      expect(seen.text).toContain(`action="${path}"`);
    }
  });
});

describe('login and consent', () => {
  it('are as for any other client: with the scopes and languages of the request', async () => {
    const device = await turnOn({
      parameters: { scope: 'domains:read', ui_locales: 'de', login_hint: 'ada' },
    });
    const login = await confirm(await device.enter());
    expect(headingOf(login)).toBe('Anmelden');
    expect(login.text).toContain('value="ada"');
    await agree(await login.submit({ password: 'lovelace', username: 'ada' }));
    expect((await device.poll()).body).toMatchObject({ scope: 'domains:read' });
  });

  it('limit the tokens to the scopes that the user agreed to, of each audience', async () => {
    const own = await start({
      audience: [
        { url: 'https://a.example', scopes: ['domains:read', 'domains:write'] },
        { url: 'https://b.example', scopes: ['billing:read'] },
      ],
      consent: () => ['domains:read', 'billing:read'],
      configure: (configuration) => configuration,
    });
    const registered = await own.server.clients.register({
      ...DEVICE_CLIENT,
      scopes: ['domains:read', 'domains:write', 'billing:read'],
    });
    const body = new URLSearchParams({ client_id: registered.client.clientId });
    body.append('resource', 'https://a.example');
    body.append('resource', 'https://b.example');
    const { body: authorization } = await answerOf(
      await fetch(`${own.origin}/oauth/device_authorization`, { method: 'POST', body }),
    );
    const form = await page('', new Browser(), own);
    await logIn(await confirm(await form.submit({ user_code: authorization.user_code as string })));
    const first = await own.post('/oauth/token', {
      ...{ grant_type: DEVICE_CODE, device_code: authorization.device_code as string },
      ...{ client_id: registered.client.clientId, resource: 'https://b.example' },
    });
    expect(first.body).toMatchObject({ scope: 'billing:read' });
    const second = await own.post('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: first.body.refresh_token as string },
      ...{ client_id: registered.client.clientId, resource: 'https://a.example' },
    });
    expect(second.body).toMatchObject({ scope: 'domains:read' });
    const [grant] = await own.server.grants.list({ subject: 'acct_42' });
    expect(grant).toMatchObject({
      scopes: ['domains:read', 'billing:read'],
      audience: ['https://a.example', 'https://b.example'],
    });
  });

  it('refuse a login that is not what the device requested', async () => {
    const login: Login = () => ({ subject: 'acct_42', acr: 'pwd', authTime: Date.now() - 900_000 });
    const own = await start({ login });
    for (const parameters of [{ acr_values: 'mfa' }, { max_age: '60' }]) {
      const device = await startDevice(own, { parameters });
      expect(headingOf(await confirm(await device.enter()))).toBe(STOPPED);
      expect(await device.poll()).toMatchObject(refusedWith('unmet_authentication_requirements'));
    }
    const device = await startDevice(own, { parameters: { acr_values: 'pwd', max_age: '1000' } });
    const consent = await confirm(await device.enter());
    expect(headingOf(await agree(consent))).toBe(CONNECTED);
    const { body } = await device.poll();
    const { body: called } = await own.call(body.access_token);
    expect(called).toMatchObject({ claims: { acr: 'pwd', auth_time: expect.any(Number) } });
  });

  test.each([
    ['skip the consent page for a confidential client', 'confidential', CONNECTED],
    [
      'show it for a public one, which any program can pretend to be',
      'public',
      'Allow Living Room TV?',
    ],
  ] as const)('of a first-party client %s', async (_, type, heading) => {
    const device = await turnOn({ client: { firstParty: true, type } });
    const confirmation = await device.enter();
    expect(confirmation.text).toContain('Living Room TV');
    expect(headingOf(await logIn(await confirm(confirmation)))).toBe(heading);
  });

  it('show the consent page for another device of the same client, whatever is remembered', async () => {
    const own = await start({ consent: consentPage({ remember: true }) });
    const registered = await own.server.clients.register({
      ...DEVICE_CLIENT,
      type: 'confidential',
    });
    await (await startDevice(own, { registered })).connect();
    const another = await startDevice(own, { registered });
    expect(headingOf(await another.reachConsent())).toBe('Allow Living Room TV?');
  });

  it('warn of a client that registered itself', async () => {
    const own = await start({ registration: { dynamic: true } });
    const { body } = await answerOf(
      await fetch(`${own.origin}/oauth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          client_name: 'Visual Studio Code',
          grant_types: [DEVICE_CODE, 'refresh_token'],
          token_endpoint_auth_method: 'none',
          scope: 'domains:read',
        }),
      }),
    );
    expect(body).toMatchObject({
      grant_types: ['refresh_token', DEVICE_CODE],
      redirect_uris: [],
      response_types: [],
    });
    const client = await own.server.clients.get(body.client_id as string);
    const device = await startDevice(own, { registered: { client: client!, secret: undefined } });
    const consent = await device.reachConsent();
    expect(consent.text).toContain('Unverified app');
    await agree(consent);
    const tokens = await device.poll();
    expect(tokens.body).toHaveProperty('refresh_token');
    expect((await own.call(tokens.body.access_token)).status).toBe(200);
  });

  it('are there for VS Code, which registers for both flows', async () => {
    const own = await start({ registration: { dynamic: true } });
    const { body } = await answerOf(
      await fetch(`${own.origin}/oauth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          client_name: 'Visual Studio Code',
          grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE],
          response_types: ['code'],
          redirect_uris: ['https://vscode.dev/redirect', 'http://127.0.0.1:33418/'],
          token_endpoint_auth_method: 'none',
          application_type: 'native',
        }),
      }),
    );
    expect(body.grant_types).toEqual(['authorization_code', 'refresh_token', DEVICE_CODE]);
    const client = await own.server.clients.get(body.client_id as string);
    const device = await startDevice(own, { registered: { client: client!, secret: undefined } });
    const consent = await device.reachConsent();
    expect(consent.text).not.toContain('vscode.dev');
    await agree(consent);
    expect((await device.poll()).status).toBe(200);
  });

  it('name the host of a client with a metadata document, and end when the document is gone', async () => {
    let status = 200;
    const document = { client_name: 'Printer', grant_types: [DEVICE_CODE] };
    const host = await listen((req, res) => {
      const clientId = `http://${req.headers.host}${req.url}`;
      res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      res.end(
        JSON.stringify({ client_id: clientId, token_endpoint_auth_method: 'none', ...document }),
      );
    });
    open.push(host);
    const address = `127.0.0.1:${host.port}`;
    const own = await start({ registration: { metadataDocuments: { insecureHosts: [address] } } });
    const registered = {
      client: { clientId: `http://${address}/printer.json` },
      secret: undefined,
    } as unknown as RegisteredClient;
    const device = await startDevice(own, { registered });
    const consent = await device.reachConsent();
    expect(consent.text).toMatch(/Printer[^]*Unverified app/);
    expect(consent.text).toContain(address);
    await agree(consent);
    expect((await device.poll()).status).toBe(200);
    const another = await startDevice(own, { registered });
    status = 404;
    const gone = await another.enter();
    expect([gone.response.status, gone.text]).toEqual([
      400,
      expect.stringContaining('is not known any more'),
    ]);
  });

  it('belong to the browser that confirmed the code', async () => {
    const device = await turnOn();
    const consent = await device.reachConsent();
    const stranger = await new Browser().open(consent.url.href);
    expect([stranger.response.status, stranger.text.includes('Ada')]).toEqual([400, false]);
    await agree(consent);
    const late = await new Browser().open(consent.url.href);
    expect([late.response.status, headingOf(late)]).toEqual([400, 'This did not work']);
  });
});

describe('operators', () => {
  it('learn what was refused and why, and not that a device still waits', async () => {
    const device = await turnOn();
    const { clientId } = device.client;
    const told = await refusalsOf(async () => {
      await device.poll();
      await device.poll();
      await issuing.post('/oauth/device_authorization', { client_id: clientId, scope: 'nonsense' });
      await (await page()).submit({ user_code: 'BBBB-BBBB' });
      await fetch(`${issuing.origin}/oauth/device`, {
        method: 'POST',
        body: new URLSearchParams({ user_code: device.body.user_code as string, confirm: 'yes' }),
      });
      await (await device.reachConsent()).submit({ decision: 'deny' });
      await device.enter();
      await device.poll();
    });
    const none = { clientId: undefined, grantType: undefined, cause: undefined };
    const at = { endpoint: 'deviceVerification', status: 400, error: 'invalid_request', ...none };
    const token = {
      endpoint: 'token',
      status: 400,
      clientId,
      grantType: DEVICE_CODE,
      cause: undefined,
    };
    expect(told).toEqual([
      { ...token, error: 'slow_down', reason: expect.stringContaining('too quickly') },
      {
        ...{ ...at, endpoint: 'deviceAuthorization', error: 'invalid_scope', clientId },
        reason: 'the scope is unknown, or the client may not have it',
      },
      { ...at, reason: 'the user code is unknown' },
      { ...at, reason: 'the form is not from our page, or the browser has lost its cookie' },
      { ...at, reason: 'the request of the device was decided before' },
      { ...token, error: 'access_denied', reason: 'the user did not allow it' },
    ]);
    const text = JSON.stringify(told);
    expect(text).not.toContain(device.body.device_code);
    expect(text).not.toContain(device.body.user_code);
  });

  it('learn of refused pushed requests, too', async () => {
    const own = await start({ pushedAuthorizationRequests: true });
    const { client, secret = '' } = await own.server.clients.register(WEB_CLIENT);
    const told = await refusalsOf(() =>
      own.post('/oauth/par', {
        ...{ client_id: client.clientId, client_secret: secret, response_type: 'code' },
        ...{ redirect_uri: client.redirectUris[0] as string, scope: 'nonsense' },
      }),
    );
    expect(told).toMatchObject([
      { endpoint: 'pushedAuthorizationRequest', error: 'invalid_scope', clientId: client.clientId },
    ]);
  });
});
