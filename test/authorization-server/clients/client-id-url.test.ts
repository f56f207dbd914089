import { isClientIdUrl } from '../../../src/authorization-server/clients/client-id-url';

const isInsecureHost = (host: string) => host === '127.0.0.1:4000';

test.each([
  'https://app.example/client.json',
  'https://app.example:8443/client',
  'https://app.example/a/b/',
  'https://app.example/client?v=1',
  'https://app.example/..a/client',
  'http://127.0.0.1:4000/client.json',
])('accepts %s', (clientId) => {
  expect(isClientIdUrl(clientId, isInsecureHost)).toBe(true);
});

test.each([
  ['a random ID', 'f3a1b2'],
  ['no path', 'https://app.example'],
  ['an empty path', 'https://app.example/'],
  ['plain http', 'http://app.example/client.json'],
  ['another port of an insecure host', 'http://127.0.0.1:4001/client.json'],
  ['another scheme', 'ftp://app.example/client.json'],
  ['an upper-case scheme', 'HTTPS://app.example/client.json'],
  ['a fragment', 'https://app.example/client.json#a'],
  ['an empty fragment', 'https://app.example/client.json#'],
  ['a user', 'https://user@app.example/client.json'],
  ['a password', 'https://user:secret@app.example/client.json'],
  ['a dot segment', 'https://app.example/./client.json'],
  ['a double-dot segment', 'https://app.example/a/../client.json'],
  ['a trailing double-dot segment', 'https://app.example/a/..'],
  ['an encoded dot segment', 'https://app.example/%2e%2E/client.json'],
  ['a backslash', 'https://app.example\\client.json'],
  ['a space', 'https://app.example/client .json'],
  ['a control character', 'https://app.example/client\n.json'],
  ['a character outside ASCII', 'https://äpp.example/client.json'],
  ['an invalid host', 'https://[::1/client.json'],
  ['513 characters', `https://app.example/${'a'.repeat(493)}`],
])('rejects a URL with %s', (_what, clientId) => {
  expect(isClientIdUrl(clientId, isInsecureHost)).toBe(false);
});
