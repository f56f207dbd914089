import { generateKeyPairSync } from 'node:crypto';

import express from 'express';

import { CALLBACK, type IssuingOptions, startIssuing } from '../support/issuing';

const keys = [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey] as const;

test.each<[string, IssuingOptions]>([
  ['opaque tokens', {}],
  ['JWTs', { tokens: { keys } }],
  ['a body that a parser has read', { before: [express.urlencoded({ extended: false })] }],
])(
  'the engine says nothing in the app’s console from the start to a revocation: %s',
  async (_, options) => {
    const spies = (['log', 'info', 'warn', 'error'] as const).map((method) =>
      jest.spyOn(console, method).mockImplementation(() => {}),
    );
    const issuing = await startIssuing(options);
    const { client, credentials, tokens } = await issuing.grant();
    const { body } = await issuing.post('/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      ...credentials,
    });
    await issuing.post('/oauth/introspect', { token: body.access_token, ...credentials });
    await issuing.post(
      '/oauth/revoke',
      { token: body.access_token, ...credentials },
      { origin: new URL(CALLBACK).origin },
    );
    await fetch(issuing.authorizeUrl(client, { redirect_uri: 'https://evil.example/' }));
    await issuing.close();
    const said = spies.flatMap(({ mock }) => mock.calls.map(([words]) => String(words)));
    jest.restoreAllMocks();
    // Which it says once, when it is loaded, below Node 22.
    expect(
      said.filter((words) => !words.startsWith('oidc-provider WARNING: Unsupported runtime')),
    ).toEqual([]);
  },
);
