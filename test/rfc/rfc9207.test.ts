import type { RegisteredClient } from 'latchkey/authorization-server';

import { Browser } from '../support/browser';
import { type Issuing, logIn, startIssuing, WEB_CLIENT } from '../support/issuing';
import { complianceMatrix } from './compliance-matrix';

let issuing: Issuing;
let web: RegisteredClient;
beforeAll(async () => {
  issuing = await startIssuing();
  web = await issuing.server.clients.register(WEB_CLIENT);
});
afterAll(() => issuing.close());

const metadata = async () =>
  (await (
    await fetch(`${issuing.origin}/.well-known/oauth-authorization-server`)
  ).json()) as Record<string, unknown>;

complianceMatrix('RFC 9207', [
  {
    section: '2',
    level: 'MUST',
    says: 'A response that succeeds names the issuer in iss.',
    async test() {
      expect((await issuing.authorize(web.client)).searchParams.get('iss')).toBe(issuing.issuer);
    },
  },
  {
    section: '2',
    level: 'MUST',
    says: 'A response that tells of an error names it too, whoever caused it.',
    async test() {
      const unknown = await new Browser().open(
        issuing.authorizeUrl(web.client, { scope: 'nonsense' }),
      );
      const denied = await (
        await logIn(await new Browser().open(issuing.authorizeUrl(web.client)))
      ).submit({ decision: 'deny' });
      expect([unknown, denied].map(({ url }) => url.searchParams.get('iss'))).toEqual([
        issuing.issuer,
        issuing.issuer,
      ]);
    },
  },
  {
    section: '2.3',
    level: 'MUST',
    says: 'The issuer is that of the metadata, to the byte.',
    async test() {
      expect((await issuing.authorize(web.client)).searchParams.get('iss')).toBe(
        (await metadata()).issuer,
      );
    },
  },
  {
    section: '2.3',
    level: 'MUST',
    says: 'The metadata tells that iss is sent.',
    async test() {
      expect((await metadata()).authorization_response_iss_parameter_supported).toBe(true);
    },
  },
  {
    section: '2.4',
    level: 'MUST',
    says: 'A client compares iss with the issuer that it asked.',
    notOurs:
      'because it is for the client to do; two that do it get through in the tests of the authorization server',
  },
]);
