import { isHost, isLocal, urlPolicy } from '../../../src/verifiers/issuer/trusted-url';

const LOCAL = [
  'localhost',
  'LOCALHOST',
  'localhost.',
  'db.localhost',
  'a.b.localhost.',
  '127.0.0.1',
  '127.0.0.2',
  '127.1',
  '127.0.0.1.',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '017700000001',
  '0177.0.0.1',
  '１２７.0.0.1',
  '0.0.0.0',
  '0',
  '0.1.2.3',
  '169.254.169.254',
  '169.254.0.1',
  '2852039166',
  '0xa9.0xfe.0xa9.0xfe',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:169.254.169.254]',
  '[::ffff:0.0.0.0]',
  '[::127.0.0.1]',
  '[fe80::1]',
  '[febf::1]',
  '[2002:7f00:1::]',
  '[2002:a9fe:a9fe::]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::7f00:1]',
  '[::ffff:0:7f00:1]',
  '[64:ff9b::169.254.169.254]',
  '[64:ff9b:1::127.0.0.1]',
  '[64:ff9b:1::a9fe:a9fe]',
  '[::ffff:0:127.0.0.1]',
  '[::ffff:0:a9fe:a9fe]',
];
const ELSEWHERE = [
  'login.example.com',
  'localhost.example.com',
  'mylocalhost',
  '127.0.0.1.example.com',
  '128.0.0.1',
  '126.255.255.255',
  '169.253.0.1',
  '10.0.0.1',
  '192.168.0.1',
  '1.0.0.0',
  '[2001:db8::1]',
  '[::ffff:10.0.0.1]',
  '[fd00::1]',
  '[64:ff9b::8.8.8.8]',
  '[64:ff9b:1::8.8.8.8]',
  '[::ffff:0:8.8.8.8]',
  '[2002:808:808::]',
];

describe('a host of this machine or its link', () => {
  it.each(LOCAL)('is %s', (host) => expect(isLocal(`https://${host}:8443/keys`)).toBe(true));
  it.each(ELSEWHERE)('is not %s', (host) => expect(isLocal(`https://${host}/keys`)).toBe(false));
});

describe('an endpoint in metadata', () => {
  const policy = urlPolicy();

  it.each(LOCAL)('is not trusted at %s, from an issuer elsewhere', (host) => {
    expect(policy.isTrustedEndpoint('https://login.example.com', `https://${host}/keys`)).toBe(
      false,
    );
    expect(policy.isTrustedEndpoint('https://login.example.com', `http://${host}/keys`)).toBe(
      false,
    );
  });

  it.each(ELSEWHERE)('is trusted at %s by https, and not by http', (host) => {
    expect(policy.isTrustedEndpoint('https://login.example.com', `https://${host}/keys`)).toBe(
      true,
    );
    expect(policy.isTrustedEndpoint('https://login.example.com', `http://${host}/keys`)).toBe(
      false,
    );
  });

  it.each([
    ['http://127.0.0.1:3000', 'http://127.0.0.1:4000/keys', true],
    ['http://localhost:3000', 'http://[::1]:4000/keys', true],
    ['https://127.0.0.2', 'https://127.0.0.2/keys', true],
    ['https://127.0.0.2', 'https://169.254.169.254/keys', false],
    ['http://127.0.0.1', 'https://169.254.169.254/keys', false],
  ])('of an issuer at %s may be %s: %s', (issuer, url, expected) =>
    expect(policy.isTrustedEndpoint(issuer, url)).toBe(expected),
  );
});

describe('an insecure host', () => {
  const urls = urlPolicy(['keycloak:8080', 'IDP', '127.0.0.2:9']);

  it.each([
    'http://keycloak:8080',
    'http://keycloak:8080/realms/acme',
    'http://idp/keys',
    'http://idp:80/keys',
    'http://127.0.0.2:9/',
  ])('may be reached by http: %s', (url) => {
    expect([
      urls.isSecure(url),
      urls.isIssuer(url),
      urls.isTrustedEndpoint('https://login.example.com', url),
    ]).toEqual([true, true, true]);
  });

  it.each([
    'http://keycloak',
    'http://keycloak:8081',
    'http://keycloak:8080.evil.example/',
    'http://keycloak:8080@evil.example/',
    'http://user@keycloak:8080/',
    'http://keycloak.:8080/',
    'http://sub.keycloak:8080/',
    'http://idp:8080/',
    'http://keycloak:8080/#a',
    'http://evil.example/keycloak:8080',
    'ftp://keycloak:8080/',
  ])('is not %s', (url) => {
    expect([
      urls.isSecure(url),
      urls.isIssuer(url),
      urls.isTrustedEndpoint('http://keycloak:8080', url),
    ]).toEqual([false, false, false]);
  });

  it.each<[unknown, boolean]>([
    ['keycloak', true],
    ['keycloak:8080', true],
    ['10.0.0.1:80', true],
    ['[::1]:8080', true],
    ['keycloak:99999', false],
    ['*.example.com', false],
    ['', false],
    [undefined, false],
  ])('is written as host and port: %j, %s', (value, expected) =>
    expect(isHost(value)).toBe(expected),
  );
});
