import { createHash, randomBytes } from 'node:crypto';

import type { RegisteredClient } from 'latchkey/authorization-server';

import { Browser } from '../support/browser';
import { CALLBACK, type Issuing, startIssuing, WEB_CLIENT } from '../support/issuing';
import { complianceMatrix } from './compliance-matrix';

let issuing: Issuing;
let open: RegisteredClient;
beforeAll(async () => {
  issuing = await startIssuing();
  open = await issuing.server.clients.register({ ...WEB_CLIENT, type: 'public' });
});
afterAll(() => issuing.close());

const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');
const newVerifier = () => randomBytes(32).toString('base64url');

/** What comes back of an authorization request, before anyone is asked. */
const errorOf = async (parameters: Readonly<Record<string, string>>) =>
  (await new Browser().open(issuing.authorizeUrl(open.client, parameters))).url.searchParams.get(
    'error',
  );

async function exchange(
  challenge: Readonly<Record<string, string>>,
  verifier: Readonly<Record<string, string>>,
  registered = open,
) {
  const { client, secret } = registered;
  const code = (await issuing.authorize(client, challenge)).searchParams.get('code') as string;
  return issuing.post('/oauth/token', {
    ...{
      grant_type: 'authorization_code',
      code,
      redirect_uri: CALLBACK,
      client_id: client.clientId,
    },
    ...(secret !== undefined && { client_secret: secret }),
    ...verifier,
  });
}
const REFUSED = { status: 400, body: { error: 'invalid_grant' } };

complianceMatrix('RFC 7636', [
  {
    section: '4.1',
    level: 'MUST',
    says: 'A verifier has 43 to 128 unreserved characters; one that is shorter proves nothing.',
    async test() {
      const short = 'a'.repeat(42);
      const answer = await exchange(
        { code_challenge: challengeOf(short), code_challenge_method: 'S256' },
        { code_verifier: short },
      );
      expect(answer.status).toBe(400);
    },
  },
  {
    section: '4.2',
    level: 'MUST',
    says: 'S256 is there for every client that can use it.',
    async test() {
      const verifier = newVerifier();
      const challenge = { code_challenge: challengeOf(verifier), code_challenge_method: 'S256' };
      expect(await exchange(challenge, { code_verifier: verifier })).toMatchObject({ status: 200 });
    },
  },
  {
    section: '4.2',
    level: 'MAY',
    says: 'A server takes the challenge in the clear.',
    notOurs:
      'because RFC 9700 §2.1.1 wants the method that does not show the verifier, and plain does',
  },
  {
    section: '4.4.1',
    level: 'MUST',
    says: 'Where PKCE is required, a request without a challenge is invalid_request.',
    async test() {
      expect(await errorOf({})).toBe('invalid_request');
    },
  },
  {
    section: '4.4.1',
    level: 'MUST',
    says: 'A method that the server does not know is invalid_request.',
    async test() {
      expect(
        await errorOf({
          code_challenge: challengeOf(newVerifier()),
          code_challenge_method: 'S512',
        }),
      ).toBe('invalid_request');
      expect(await errorOf({ code_challenge: newVerifier(), code_challenge_method: 'plain' })).toBe(
        'invalid_request',
      );
    },
  },
  {
    section: '4.6',
    level: 'MUST',
    says: 'A verifier that does not fit the challenge, or is absent, is invalid_grant.',
    async test() {
      const challenge = {
        code_challenge: challengeOf(newVerifier()),
        code_challenge_method: 'S256',
      };
      expect(await exchange(challenge, { code_verifier: newVerifier() })).toMatchObject(REFUSED);
      expect(await exchange(challenge, {})).toMatchObject(REFUSED);
      const web = await issuing.server.clients.register(WEB_CLIENT);
      expect(await exchange(challenge, {}, web)).toMatchObject(REFUSED);
    },
  },
  {
    section: '7.2',
    level: 'MUST',
    says: 'Nobody can take the challenge away: a verifier for a code without one is refused.',
    async test() {
      const web = await issuing.server.clients.register(WEB_CLIENT);
      expect(await exchange({}, { code_verifier: newVerifier() }, web)).toMatchObject(REFUSED);
    },
  },
]);
