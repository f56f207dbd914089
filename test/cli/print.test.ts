import type { Client } from '../../src/authorization-server/clients/client';
import { formatClient, formatClients, formatKey, formatKeys } from '../../src/cli/print';
import { newRecord } from '../../src/testing/store-contract/samples';

const SPACES = `a${' '.repeat(40_000)}b`;

const client: Client = {
  clientId: 'watch',
  name: 'Domain Watch',
  type: 'confidential',
  applicationType: 'web',
  grantTypes: ['authorization_code'],
  scopes: ['domains:read'],
  redirectUris: ['https://yourapp.com/callback'],
  resourceServer: false,
  authMethod: 'client_secret_basic',
  firstParty: false,
  verified: true,
  registeredAt: 0,
};

describe('prints a text with 40,000 spaces in linear time', () => {
  it.each([
    ['the name in a list of keys', () => formatKeys([newRecord({ name: SPACES }), newRecord()])],
    [
      'the subject in a list of keys',
      () => formatKeys([newRecord({ subject: SPACES }), newRecord()]),
    ],
    ['the name of a key', () => formatKey(newRecord({ name: SPACES }))],
    ['the metadata of a key', () => formatKey(newRecord({ metadata: { note: SPACES } }))],
    ['the name in a list of clients', () => formatClients([{ ...client, name: SPACES }, client])],
    ['the name of a client', () => formatClient({ ...client, name: SPACES })],
  ])('%s', (_, print) => {
    expect(print()).toContain(SPACES);
  });
});

it('prints lines without trailing spaces', () => {
  const texts = [
    formatKeys([newRecord({ name: 'ends in spaces   ' }), newRecord()]),
    formatKey(newRecord({ name: 'ends in spaces   ' })),
    formatClients([client, { ...client, name: 'A longer name than that of the other one' }]),
    formatClient({ ...client, name: 'ends in spaces   ' }),
  ];
  for (const text of texts) {
    expect(text).not.toMatch(/\s(\n|$)/);
  }
});
