import { Browser } from '../support/browser';
import { confirm, DEVICE_CLIENT, DEVICE_CODE, startDevice } from '../support/devices';
import { agree, answerOf, type Issuing, logIn, startIssuing, WEB_CLIENT } from '../support/issuing';
import { complianceMatrix } from './compliance-matrix';

let issuing: Issuing;
beforeAll(async () => {
  issuing = await startIssuing({ deviceFlow: true });
});
afterEach(() => jest.useRealTimers());
afterAll(() => issuing.close());

const ENDPOINT = '/oauth/device_authorization';
const newClient = async (options: object = {}) => {
  const { client, secret } = await issuing.server.clients.register({
    ...DEVICE_CLIENT,
    ...options,
  });
  return { client_id: client.clientId, ...(secret !== undefined && { client_secret: secret }) };
};
const openForm = () => new Browser().open(`${issuing.origin}/oauth/device`);
const isConfirmation = ({ text }: { readonly text: string }) =>
  text.includes('Does your device show this code?');

/** Moves the clock of the server. */
function advance(ms: number): void {
  jest.useFakeTimers({
    now: Date.now() + ms,
    doNotFake: [
      ...(['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] as const),
      ...(['nextTick', 'queueMicrotask', 'performance'] as const),
    ],
  });
}

const FOR_THE_DEVICE = 'because it is a duty of the device, which is a client and not this server';
const FOR_THE_OPERATOR =
  'because TLS ends in front of the app, and the issuer must be https except on a loopback host';

complianceMatrix('RFC 8628', [
  {
    section: '3.1',
    level: '-',
    says: 'A client requests the codes by a form in the body of a POST request.',
    async test() {
      const client = await newClient();
      expect((await issuing.post(ENDPOINT, client)).status).toBe(200);
      const json = await fetch(`${issuing.origin}${ENDPOINT}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(client),
      });
      const query = new URLSearchParams(client).toString();
      const get = await fetch(`${issuing.origin}${ENDPOINT}?${query}`);
      expect([json.status, get.status]).toEqual([400, 405]);
    },
  },
  {
    section: '3.1',
    level: 'REQUIRED',
    says: 'A client that does not authenticate sends client_id.',
    async test() {
      const { status, body } = await issuing.post(ENDPOINT, { scope: 'domains:read' });
      expect([status, body.error]).toEqual([401, 'invalid_client']);
    },
  },
  {
    section: '3.1',
    level: 'OPTIONAL',
    says: 'scope limits what the device gets, and without it the device gets what it is registered for.',
    async test() {
      const narrow = await startDevice(issuing, { parameters: { scope: 'domains:read' } });
      const whole = await startDevice(issuing);
      await narrow.connect();
      await whole.connect();
      expect([(await narrow.poll()).body.scope, (await whole.poll()).body.scope]).toEqual([
        'domains:read',
        'domains:read domains:write',
      ]);
    },
  },
  {
    section: '3.1',
    level: '-',
    says: 'A confidential client authenticates as at the token endpoint.',
    async test() {
      const { client_id: id = '', client_secret: secret = '' } = await newClient({
        type: 'confidential',
      });
      const basic = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
      const answers = [
        await issuing.post(ENDPOINT, {}, { authorization: basic }),
        await issuing.post(ENDPOINT, { client_id: id, client_secret: secret }),
        await issuing.post(ENDPOINT, { client_id: id, client_secret: 'wrong' }),
        await issuing.post(ENDPOINT, { client_id: id }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 401]);
    },
  },
  {
    section: '3.1',
    level: 'MUST',
    says: 'A parameter without a value counts as omitted.',
    async test() {
      const { status } = await issuing.post(ENDPOINT, {
        ...(await newClient()),
        scope: '',
        ui_locales: '',
      });
      expect(status).toBe(200);
    },
  },
  {
    section: '3.1',
    level: 'MUST',
    says: 'Parameters that the server does not know are ignored.',
    async test() {
      const unknown = { flavour: 'vanilla', user_code: 'BBBB-BBBB', response_type: 'code' };
      const { status, body } = await issuing.post(ENDPOINT, { ...(await newClient()), ...unknown });
      expect([status, body.user_code === 'BBBB-BBBB']).toEqual([200, false]);
    },
  },
  {
    section: '3.1',
    level: 'MUST NOT',
    says: 'A parameter is not given twice.',
    async test() {
      const body = new URLSearchParams({ ...(await newClient()), scope: 'domains:read' });
      body.append('scope', 'domains:read');
      const answer = await answerOf(
        await fetch(`${issuing.origin}${ENDPOINT}`, { method: 'POST', body }),
      );
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
    },
  },
  {
    section: '3.1',
    level: 'MUST',
    says: 'A device sends its requests over TLS.',
    notOurs: FOR_THE_OPERATOR,
  },
  {
    section: '3.1',
    level: 'SHOULD',
    says: 'A device requests codes only when its user asks for it.',
    notOurs: FOR_THE_DEVICE,
  },
  {
    section: '3.2',
    level: '-',
    says: 'The response is JSON with status 200, and its codes are unique and valid for a limited time.',
    async test() {
      const client = await newClient();
      const answers = [await issuing.post(ENDPOINT, client), await issuing.post(ENDPOINT, client)];
      for (const { status, headers } of answers) {
        expect([status, headers.get('content-type')]).toEqual([
          200,
          'application/json; charset=utf-8',
        ]);
      }
      const [one, two] = answers.map(({ body }) => body as Record<string, unknown>);
      expect(one?.device_code).not.toBe(two?.device_code);
      expect(one?.user_code).not.toBe(two?.user_code);
    },
  },
  {
    section: '3.2',
    level: 'REQUIRED',
    says: 'The response has device_code, user_code, verification_uri and expires_in.',
    async test() {
      const { body } = await startDevice(issuing);
      expect(body).toMatchObject({
        device_code: expect.any(String),
        user_code: expect.any(String),
        verification_uri: `${issuing.origin}/oauth/device`,
        expires_in: 600,
      });
    },
  },
  {
    section: '3.2',
    level: 'OPTIONAL',
    says: 'The response has verification_uri_complete, which contains the user code.',
    async test() {
      const { body } = await startDevice(issuing);
      const url = new URL(body.verification_uri_complete as string);
      expect(url.searchParams.get('user_code')).toBe(body.user_code);
    },
  },
  {
    section: '3.2',
    level: 'OPTIONAL',
    says: 'interval is the time between two polls, in seconds: five, as if it were not there.',
    async test() {
      expect((await startDevice(issuing)).body.interval).toBe(5);
    },
  },
  {
    section: '3.2',
    level: '-',
    says: 'An error has the form of an error of the token endpoint (RFC 6749 §5.2).',
    async test() {
      const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
      const answers = [
        await issuing.post(ENDPOINT, { ...(await newClient()), scope: 'nonsense' }),
        await issuing.post(ENDPOINT, { client_id: client.clientId, client_secret: secret }),
      ];
      expect(answers.map(({ status, body }) => [status, body.error])).toEqual([
        [400, 'invalid_scope'],
        [400, 'unauthorized_client'],
      ]);
    },
  },
  {
    section: '3.3',
    level: 'NOT RECOMMENDED',
    says: 'The verification URI that a user types does not contain the user code.',
    async test() {
      const { body } = await startDevice(issuing);
      expect(body.verification_uri).not.toContain(body.user_code);
    },
  },
  {
    section: '3.3',
    level: '-',
    says: 'A user enters the code, logs in, and approves or denies what the device requested.',
    async test() {
      const [approved, denied] = [await startDevice(issuing), await startDevice(issuing)];
      const login = await confirm(await approved.enter());
      expect(login.text).toContain('type="password"');
      const consent = await logIn(login);
      expect(consent.text).toMatch(/View domains[^]*Manage domains[^]*Allow[^]*Deny/);
      await agree(consent);
      await (await denied.reachConsent()).submit({ decision: 'deny' });
      expect([(await approved.poll()).status, (await denied.poll()).body.error]).toEqual([
        200,
        'access_denied',
      ]);
    },
  },
  {
    section: '3.3',
    level: '-',
    says: 'After the decision, the page tells the user to go back to the device.',
    async test() {
      expect((await (await startDevice(issuing)).connect()).text).toContain('on your device');
    },
  },
  {
    section: '3.3',
    level: '-',
    says: 'A device shows the URI and the code, and polls until the user has decided.',
    notOurs: FOR_THE_DEVICE,
  },
  {
    section: '3.3.1',
    level: 'SHOULD',
    says: 'A user who comes by verification_uri_complete sees the code and has to compare it.',
    async test() {
      const { body, poll } = await startDevice(issuing);
      const page = await new Browser().open(body.verification_uri_complete as string);
      expect(isConfirmation(page)).toBe(true);
      expect(page.text).toContain(`<p class="code">${body.user_code}</p>`);
      expect((await poll()).body.error).toBe('authorization_pending');
    },
  },
  {
    section: '3.3.1',
    level: '-',
    says: 'That user, too, has the choice to approve or to deny.',
    async test() {
      const { body, poll } = await startDevice(issuing);
      const page = await new Browser().open(body.verification_uri_complete as string);
      await (await logIn(await confirm(page))).submit({ decision: 'deny' });
      expect((await poll()).body.error).toBe('access_denied');
    },
  },
  {
    section: '3.3.1',
    level: 'MUST',
    says: 'A device with a QR code still shows the user code.',
    notOurs: FOR_THE_DEVICE,
  },
  {
    section: '3.4',
    level: 'REQUIRED',
    says: 'The token request has the grant type of the device flow, and the device code.',
    async test() {
      const device = await startDevice(issuing);
      await device.connect();
      const answers = [
        await device.poll({ grant_type: 'device_code' }),
        await device.poll({ device_code: '' }),
        await device.poll({ device_code: device.body.user_code as string }),
        await device.poll(),
      ];
      expect(answers.map(({ status, body }) => [status, body.error])).toEqual([
        [400, 'unsupported_grant_type'],
        [400, 'invalid_request'],
        [400, 'invalid_grant'],
        [200, undefined],
      ]);
    },
  },
  {
    section: '3.4',
    level: 'REQUIRED',
    says: 'A public client names itself, and is the client that requested the code.',
    async test() {
      const device = await startDevice(issuing);
      await device.connect();
      const request = { grant_type: DEVICE_CODE, device_code: device.body.device_code as string };
      const unnamed = await issuing.post('/oauth/token', request);
      const other = await device.poll(await newClient());
      expect([unnamed.body.error, other.body.error]).toEqual(['invalid_client', 'invalid_grant']);
    },
  },
  {
    section: '3.4',
    level: 'MUST',
    says: 'A client with credentials authenticates at the token endpoint.',
    async test() {
      const device = await startDevice(issuing, { client: { type: 'confidential' } });
      await device.connect();
      const answers = [
        await device.poll({ client_secret: 'wrong' }),
        await device.poll({ client_secret: '' }),
        await device.poll(),
      ];
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 200]);
    },
  },
  {
    section: '3.5',
    level: '-',
    says: 'After the user approved, the response is that of RFC 6749 §5.1.',
    async test() {
      const device = await startDevice(issuing);
      await device.connect();
      const { status, headers, body } = await device.poll();
      expect([status, headers.get('cache-control'), headers.get('pragma')]).toEqual([
        200,
        'no-store',
        'no-cache',
      ]);
      expect(body).toMatchObject({
        access_token: expect.any(String),
        refresh_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
      });
    },
  },
  {
    section: '3.5',
    level: '-',
    says: 'authorization_pending: the user has not decided yet, wherever they are.',
    async test() {
      const device = await startDevice(issuing);
      const errors = [(await device.poll()).body.error as string];
      await device.reachConsent();
      advance(10_000);
      errors.push((await device.poll()).body.error as string);
      expect(errors).toEqual(['authorization_pending', 'authorization_pending']);
    },
  },
  {
    section: '3.5',
    level: 'MUST',
    says: 'slow_down: the interval is five seconds longer for this and all later polls.',
    async test() {
      const device = await startDevice(issuing);
      const errors: string[] = [];
      for (const wait of [0, 1_000, 5_000, 15_000, 10_000, 20_000]) {
        advance(wait);
        errors.push((await device.poll()).body.error as string);
      }
      expect(errors).toEqual([
        'authorization_pending',
        'slow_down',
        'slow_down',
        'authorization_pending',
        'slow_down',
        'authorization_pending',
      ]);
    },
  },
  {
    section: '3.5',
    level: '-',
    says: 'access_denied: the request was denied.',
    async test() {
      const device = await startDevice(issuing);
      await (await device.enter()).submit({ abort: 'yes' });
      expect((await device.poll()).body.error).toBe('access_denied');
    },
  },
  {
    section: '3.5',
    level: '-',
    says: 'expired_token: the device code has expired, and nobody can approve it any more.',
    async test() {
      const device = await startDevice(issuing);
      advance(601_000);
      expect((await device.poll()).body.error).toBe('expired_token');
      expect((await device.enter()).text).toContain('This code has expired.');
    },
  },
  {
    section: '3.5',
    level: 'MUST',
    says: 'A device waits for the interval between two polls, and stops after any other error.',
    notOurs: FOR_THE_DEVICE,
  },
  {
    section: '3.5',
    level: 'MUST',
    says: 'A device polls less often after a timeout of its connection.',
    notOurs: FOR_THE_DEVICE,
  },
  {
    section: '4',
    level: 'OPTIONAL',
    says: 'The metadata has device_authorization_endpoint, and the grant type.',
    async test() {
      const { body } = await answerOf(
        await fetch(`${issuing.origin}/.well-known/oauth-authorization-server`),
      );
      expect(body).toMatchObject({
        device_authorization_endpoint: `${issuing.origin}${ENDPOINT}`,
        grant_types_supported: expect.arrayContaining([DEVICE_CODE]),
      });
    },
  },
  {
    section: '5.1',
    level: 'SHOULD',
    says: 'Guesses of user codes are limited, so that their entropy is enough.',
    async test() {
      const own = await startIssuing({ deviceFlow: true });
      const device = await startDevice(own);
      const letters = 'BCDFGHJKLM'.split('');
      const codes = letters.flatMap((one) => letters.map((two) => `BBBBBB${one}${two}`));
      for (const code of codes) {
        expect((await fetch(`${own.origin}/oauth/device?user_code=${code}`)).status).toBe(400);
      }
      const { status } = await fetch(device.body.verification_uri_complete as string);
      await own.close();
      expect(status).toBe(429);
    },
  },
  {
    section: '5.2',
    level: 'SHOULD',
    says: 'A device code has a very high entropy: 256 bits.',
    async test() {
      const { body } = await startDevice(issuing);
      expect(body.device_code).toMatch(/^[\w-]{43}$/);
    },
  },
  {
    section: '5.3',
    level: '-',
    says: 'A device may not deserve the trust of its user.',
    notOurs: 'because it is a consideration for users and makers of devices, without a demand',
  },
  {
    section: '5.4',
    level: 'RECOMMENDED',
    says: 'The user reads that they connect a device, and confirms that it is in front of them.',
    async test() {
      const confirmation = await (await startDevice(issuing)).enter();
      expect(confirmation.text).toContain('the code is on a device in front of you');
    },
  },
  {
    section: '5.4',
    level: 'SHOULD',
    says: 'The user sees which client it is, and whether anyone has verified it.',
    async test() {
      const own = await startIssuing({ deviceFlow: true, registration: { dynamic: true } });
      const { body } = await answerOf(
        await fetch(`${own.origin}/oauth/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            client_name: 'Big Brand TV',
            grant_types: [DEVICE_CODE],
            token_endpoint_auth_method: 'none',
          }),
        }),
      );
      const client = await own.server.clients.get(body.client_id as string);
      const device = await startDevice(own, { registered: { client: client!, secret: undefined } });
      const confirmation = await device.enter();
      const consent = await logIn(await confirm(confirmation));
      await own.close();
      expect(confirmation.text).toContain('Big Brand TV');
      expect(consent.text).toMatch(/Big Brand TV[^]*Unverified app/);
    },
  },
  {
    section: '5.4',
    level: '-',
    says: 'A user code lives long enough to be typed, and not much longer.',
    async test() {
      const device = await startDevice(issuing);
      advance(570_000);
      expect(isConfirmation(await device.enter())).toBe(true);
      advance(31_000);
      expect(isConfirmation(await device.enter())).toBe(false);
    },
  },
  {
    section: '5.5',
    level: '-',
    says: 'Who sees the screen of a device can be faster than its user: only one of them decides.',
    async test() {
      const device = await startDevice(issuing);
      const [spy, user] = [await device.reachConsent(), await device.reachConsent()];
      await agree(spy);
      expect((await agree(user)).text).toContain('This code was already used.');
    },
  },
  {
    section: '5.6',
    level: '-',
    says: 'Nobody takes the ID of a public client for proof of who it is: its users always consent.',
    async test() {
      const device = await startDevice(issuing, { client: { firstParty: true } });
      expect((await device.reachConsent()).text).toContain('Allow Living Room TV?');
    },
  },
  {
    section: '5.7',
    level: '-',
    says: 'A code can be transmitted in another way than by a display.',
    notOurs: FOR_THE_DEVICE,
  },
  {
    section: '6.1',
    level: 'RECOMMENDED',
    says: 'User codes are of the 20 consonants, so that they are no words and have no look-alikes.',
    async test() {
      const { body } = await startDevice(issuing);
      expect(body.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    },
  },
  {
    section: '6.1',
    level: '-',
    says: 'Dashes and the case of what a user types make no difference.',
    async test() {
      const { body } = await startDevice(issuing);
      const code = (body.user_code as string).toLowerCase().replace('-', '');
      expect(isConfirmation(await (await openForm()).submit({ user_code: code }))).toBe(true);
    },
  },
  {
    section: '6.1',
    level: 'RECOMMENDED',
    says: 'Characters that no user code has are removed from what a user types.',
    async test() {
      const { body } = await startDevice(issuing);
      const typed = ` ${(body.user_code as string).split('').join(' ')}0.`;
      expect(isConfirmation(await (await openForm()).submit({ user_code: typed }))).toBe(true);
    },
  },
  {
    section: '6.1',
    level: 'MAY',
    says: 'A character that looks like one of the codes is replaced by it.',
    notOurs: 'because no other letter or digit is commonly taken for one of the 20 consonants',
  },
  {
    section: '6.2',
    level: 'MAY',
    says: 'Device and server agree on another way of interaction than a browser.',
    notOurs: 'because there is no standard for it, and clients could not know of one of our own',
  },
]);
