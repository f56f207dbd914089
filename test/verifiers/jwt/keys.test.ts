import {
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type JsonWebKey,
  KeyObject,
  randomBytes,
  verify,
  webcrypto,
} from 'node:crypto';
import { inspect } from 'node:util';

import { type Algorithm, type Jwk, jwt, type JwtOptions, type KeyInput } from 'latchkey';

import { certificateOf } from './certificate';
import {
  ALGORITHMS,
  AUDIENCE,
  ISSUER,
  PAIRS,
  thrownBy,
  tokenOf,
  verdict,
  verifierOf,
} from './tokens';

const { subtle } = webcrypto;
const HMAC: readonly Algorithm[] = ['HS256', 'HS384', 'HS512'];
const KINDS = {
  RSA: 'RS256',
  'RSA for PSS': 'PS256',
  EC: 'ES256',
  'the largest EC': 'ES512',
  Ed25519: 'EdDSA',
} as const;

const spki = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }) as string;
const NODE_MAJOR = Number.parseInt(process.versions.node);
const derOf = (key: KeyObject) => key.export({ format: 'der', type: 'spki' });
const jwkOf = (key: KeyObject, members: object = {}): JsonWebKey => ({
  ...key.export({ format: 'jwk' }),
  ...members,
});
const secretJwk = (bytes: Uint8Array, members: object = {}): JsonWebKey => ({
  kty: 'oct',
  k: Buffer.from(bytes).toString('base64url'),
  ...members,
});

const rsaPss = (hashAlgorithm: string, mgf1HashAlgorithm: string, saltLength: number) =>
  // The types have a text for the length of the salt, which Node does not take.
  generateKeyPairSync('rsa-pss', {
    modulusLength: 2048,
    hashAlgorithm,
    mgf1HashAlgorithm,
    ...({ saltLength } as object),
  });

/** The TypeError of a verifier that must not be made, by what it says. */
const refusalOf = (options: Partial<JwtOptions>): string => {
  const error = thrownBy(() =>
    jwt({ issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256'], ...options }),
  );
  expect(error).toBeInstanceOf(TypeError);
  return (error as TypeError).message;
};

describe.each(Object.entries(KINDS))('a public key of the kind %s', (_, algorithm) => {
  const { publicKey, privateKey } = PAIRS[algorithm];

  it.each<[string, KeyInput]>([
    ['PEM', spki(publicKey)],
    ['PEM as bytes', Buffer.from(spki(publicKey))],
    ['PEM in a plain Uint8Array', new Uint8Array(Buffer.from(spki(publicKey)))],
    ['PEM with the line ends of Windows', spki(publicKey).replaceAll('\n', '\r\n')],
    ['PEM with words before and after it', `The key of osir.com:\n${spki(publicKey)}\nEnd.`],
    ['a certificate in PEM', certificateOf(publicKey, privateKey).pem],
    ['a JWK', jwkOf(publicKey)],
    [
      'a JWK that says it is for this',
      jwkOf(publicKey, { use: 'sig', key_ops: ['verify'], alg: algorithm, kid: 'k1' }),
    ],
    ['a KeyObject', publicKey],
  ])('serves as %s', async (_form, key) => {
    const verifier = verifierOf({ algorithms: [algorithm], key });
    const token = tokenOf({}, {}, algorithm);
    expect(await verdict(token, verifier)).toBe('good');
    expect(await verdict(token.replace(/[^.]+$/, 'AAAA'), verifier)).toBe('bad_signature');
  });

  it.each<[string, KeyInput]>([
    ['DER, which does not say what it is', derOf(publicKey)],
    ['base64', derOf(publicKey).toString('base64')],
    ['a JWK as text', JSON.stringify(jwkOf(publicKey))],
    ['PEM that breaks off', spki(publicKey).slice(0, 80)],
    ['a JWK without its type', jwkOf(publicKey, { kty: undefined })],
    ['a JWK with a member that is no text', jwkOf(publicKey, { x: 7, n: 7 })],
    ['an empty object', {}],
    ['a list of keys', [publicKey] as never],
    ['a set of keys', { keys: [jwkOf(publicKey)] } as never],
    ['a secret as text', 'correct horse battery staple correct horse'],
    ['a secret as bytes', randomBytes(64)],
    ['a secret JWK', secretJwk(randomBytes(64))],
    ['a secret KeyObject', createSecretKey(randomBytes(64))],
  ])('is not read of %s', (_form, key) => {
    expect(refusalOf({ algorithms: [algorithm], key })).toMatch(/^jwt\(\): option "key" /);
  });

  const jwk = jwkOf(privateKey);
  it.each<[string, KeyInput]>([
    ['PKCS#8', privateKey.export({ format: 'pem', type: 'pkcs8' })],
    ['PKCS#8 as bytes', Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' }))],
    [
      'PKCS#8 under a passphrase',
      privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
    ],
    [
      'PEM after the public one',
      `${spki(publicKey)}${privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()}`,
    ],
    ['a JWK', jwk],
    ['a KeyObject', privateKey],
  ])('is no private key: %s', (_form, key) => {
    expect(refusalOf({ algorithms: [algorithm], key })).toBe(
      'jwt(): option "key" is a private key; pass the public key',
    );
  });

  it('is no private key in a set', () => {
    expect(refusalOf({ algorithms: [algorithm], jwks: { keys: [jwkOf(publicKey), jwk] } })).toBe(
      'jwt(): option "jwks.keys.1" is a private key; pass the public key',
    );
  });

  it.each<[string, object]>([
    ['use: enc', { use: 'enc' }],
    ['an empty use', { use: '' }],
    ['use in capitals', { use: 'SIG' }],
    ['key_ops without verify', { key_ops: ['sign', 'encrypt'] }],
    ['empty key_ops', { key_ops: [] }],
    ['key_ops as text', { key_ops: 'verify' }],
    ['another alg', { alg: algorithm === 'ES256' ? 'ES384' : 'ES256' }],
    ['an alg for encryption', { alg: 'RSA-OAEP-256' }],
    ['use: enc beside key_ops: verify', { use: 'enc', key_ops: ['verify'] }],
  ])('is not one whose JWK says that it is for something else: %s', (_what, members) => {
    const key = jwkOf(publicKey, members);
    expect(refusalOf({ algorithms: [algorithm], key })).toMatch(
      new RegExp(`^jwt\\(\\): option "key" (cannot verify|does not fit)`),
    );
    expect(refusalOf({ algorithms: [algorithm], jwks: { keys: [key] } })).toBe(
      `jwt(): option "jwks" must contain a key that verifies ${algorithm}`,
    );
  });
});

describe('the PEM of older tools', () => {
  it('is read if it holds a public key', async () => {
    const key = PAIRS.RS256.publicKey.export({ format: 'pem', type: 'pkcs1' });
    expect(key).toContain('BEGIN RSA PUBLIC KEY');
    expect(
      await verdict(tokenOf({}, {}, 'RS256'), verifierOf({ algorithms: ['RS256'], key })),
    ).toBe('good');
  });

  it.each<[Algorithm, KeyInput]>([
    ['RS256', PAIRS.RS256.privateKey.export({ format: 'pem', type: 'pkcs1' })],
    ['ES256', PAIRS.ES256.privateKey.export({ format: 'pem', type: 'sec1' })],
  ])('is refused if it holds a private key of %s', (algorithm, key) => {
    expect(refusalOf({ algorithms: [algorithm], key })).toBe(
      'jwt(): option "key" is a private key; pass the public key',
    );
  });
});

describe('a key of Web Crypto', () => {
  const { publicKey, privateKey } = PAIRS.ES256;
  const { publicKey: edwards } = PAIRS.EdDSA;
  const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' };
  const jwk = (key: KeyObject) => key.export({ format: 'jwk' }) as object;

  it.each<[string, Algorithm, () => Promise<unknown>]>([
    ['public', 'ES256', () => subtle.importKey('jwk', jwk(publicKey), ECDSA, true, ['verify'])],
    ['private', 'ES256', () => subtle.importKey('jwk', jwk(privateKey), ECDSA, true, ['sign'])],
    [
      'public, of Ed25519',
      'EdDSA',
      () => subtle.importKey('jwk', jwk(edwards), 'Ed25519', true, ['verify']),
    ],
    [
      'secret',
      'HS256',
      () => subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['verify']),
    ],
  ])('is refused with a word on how to give it: %s', async (_, algorithm, make) => {
    const key = await make();
    const why = 'is a CryptoKey; pass KeyObject.from(cryptoKey)';
    expect(refusalOf({ algorithms: [algorithm], key: key as KeyInput })).toBe(
      `jwt(): option "key" ${why}`,
    );
    expect(refusalOf({ algorithms: [algorithm], jwks: { keys: [key as Jwk] } })).toBe(
      `jwt(): option "jwks.keys.0" ${why}`,
    );
  });

  it('is accepted', async () => {
    const key = await subtle.importKey('jwk', jwk(publicKey), ECDSA, true, ['verify']);
    expect(
      await verdict(
        tokenOf({}, {}, 'ES256'),
        verifierOf({ algorithms: ['ES256'], key: KeyObject.from(key) }),
      ),
    ).toBe('good');
  });
});

describe('a secret', () => {
  const bytes = randomBytes(64);
  const text = bytes.toString('base64url').slice(0, 64);

  it.each<[string, KeyInput, KeyObject]>([
    ['text', text, createSecretKey(Buffer.from(text))],
    ['bytes', bytes, createSecretKey(bytes)],
    ['a plain Uint8Array', new Uint8Array(bytes), createSecretKey(bytes)],
    ['a JWK', secretJwk(bytes), createSecretKey(bytes)],
    ['a KeyObject', createSecretKey(bytes), createSecretKey(bytes)],
  ])('serves as %s', async (_, key, signing) => {
    for (const algorithm of HMAC) {
      const verifier = verifierOf({ algorithms: [algorithm], key });
      expect(await verdict(tokenOf({}, {}, algorithm, signing), verifier)).toBe('good');
      expect(
        await verdict(tokenOf({}, {}, algorithm, createSecretKey(randomBytes(64))), verifier),
      ).toBe('bad_signature');
    }
  });

  const forms: [string, (secret: Buffer) => Partial<JwtOptions>][] = [
    ['text', (secret) => ({ key: secret.toString('latin1') })],
    ['bytes', (secret) => ({ key: secret })],
    ['a JWK', (secret) => ({ key: secretJwk(secret) })],
    ['a KeyObject', (secret) => ({ key: createSecretKey(secret) })],
    ['a set', (secret) => ({ jwks: { keys: [secretJwk(secret)] } })],
  ];
  describe.each(forms)('as %s', (_, optionsFor) => {
    it.each([
      ['HS256', 32],
      ['HS384', 48],
      ['HS512', 64],
    ] as const)('is for %s no shorter than %d bytes', (algorithm, least) => {
      const make = (length: number) =>
        verifierOf({ algorithms: [algorithm], ...optionsFor(Buffer.alloc(length, 'k')) });
      expect(make(least).name).toBe('jwt');
      for (const length of [1, least - 1]) {
        const error = thrownBy(() => make(length));
        expect(error).toBeInstanceOf(TypeError);
        expect((error as Error).message).toMatch(
          new RegExp(
            `^jwt\\(\\): option "(key|jwks\\.keys\\.0)" is a secret of fewer than ${least} bytes`,
          ),
        );
      }
    });

    it('is as long as the longest hash of several', () => {
      expect(
        refusalOf({ algorithms: ['HS256', 'HS512'], ...optionsFor(Buffer.alloc(63, 'k')) }),
      ).toContain('fewer than 64 bytes');
    });
  });

  it('is measured in bytes', async () => {
    expect(verifierOf({ key: 'é'.repeat(16) }).name).toBe('jwt');
    expect(refusalOf({ algorithms: ['HS256'], key: 'é'.repeat(15) })).toContain(
      'fewer than 32 bytes',
    );
  });

  it('is never empty', () => {
    for (const key of [
      '',
      new Uint8Array(0),
      secretJwk(Buffer.alloc(0)),
      { kty: 'oct' },
    ] as KeyInput[]) {
      expect(refusalOf({ algorithms: ['HS256'], key })).toMatch(/^jwt\(\): option "key" /);
    }
  });
});

describe('a public key in place of a secret', () => {
  const CONFUSION =
    /^jwt\(\): option "(key|jwks\.keys\.0)" is a public or private key; HS algorithms require a secret/;
  const ASCII = /^[\n -~]*$/;
  const disguises = Object.values(KINDS).flatMap((algorithm) => {
    const { publicKey, privateKey } = PAIRS[algorithm];
    const pem = spki(publicKey);
    const der = derOf(publicKey);
    const certificate = certificateOf(publicKey, privateKey);
    const forms: [string, Buffer][] = [
      ['PEM', Buffer.from(pem)],
      ['PEM without its last line feed', Buffer.from(pem.trimEnd())],
      ['PEM with junk before it', Buffer.from(`junk\n${pem}`)],
      ['PEM after a byte order mark', Buffer.from(`\ufeff${pem}`)],
      ['PEM on one line', Buffer.from(pem.replaceAll('\n', ' '))],
      ['PEM with its line feeds as backslash and n', Buffer.from(pem.replaceAll('\n', '\\n'))],
      ['base64 DER', Buffer.from(der.toString('base64'))],
      ['base64url DER', Buffer.from(der.toString('base64url'))],
      ['base64 DER in lines', Buffer.from(pem.replaceAll(/-----.*-----\n/g, ''))],
      ['DER', der],
      ['hexadecimal DER', Buffer.from(der.toString('hex'))],
      ['JWK JSON', Buffer.from(JSON.stringify(jwkOf(publicKey)))],
      ['JWK JSON with spaces', Buffer.from(JSON.stringify({ keys: [jwkOf(publicKey)] }, null, 2))],
      ['a certificate in PEM', Buffer.from(certificate.pem)],
      ['a certificate in DER', certificate.der],
      ['a certificate in base64, as x5c has it', Buffer.from(certificate.der.toString('base64'))],
    ];
    if (publicKey.asymmetricKeyType === 'rsa') {
      const pkcs1 = publicKey.export({ format: 'der', type: 'pkcs1' });
      forms.push(
        ['PKCS#1 PEM', Buffer.from(publicKey.export({ format: 'pem', type: 'pkcs1' }))],
        ['PKCS#1 DER', pkcs1],
        ['PKCS#1 in base64', Buffer.from(pkcs1.toString('base64'))],
      );
    }
    return forms.map(([form, secret]) => [algorithm, form, secret] as const);
  });

  it.each(disguises)('is refused: %s as %s', (_, _form, secret) => {
    const text = secret.toString();
    for (const key of ASCII.test(text) ? [secret, text] : [secret]) {
      expect(refusalOf({ algorithms: ['HS256'], key })).toMatch(CONFUSION);
    }
  });

  it.each(disguises)('is refused inside a KeyObject or a JWK: %s as %s', (_, _form, secret) => {
    expect(refusalOf({ algorithms: ['HS256'], key: createSecretKey(secret) })).toMatch(CONFUSION);
    expect(refusalOf({ algorithms: ['HS256'], key: secretJwk(secret) })).toMatch(CONFUSION);
    expect(refusalOf({ algorithms: ['HS256'], jwks: { keys: [secretJwk(secret)] } })).toMatch(
      CONFUSION,
    );
  });

  it.each(Object.values(KINDS))('is refused as much as the private one in DER: %s', (algorithm) => {
    const der = PAIRS[algorithm].privateKey.export({ format: 'der', type: 'pkcs8' });
    for (const key of [der, der.toString('base64'), der.toString('hex')]) {
      expect(refusalOf({ algorithms: ['HS256'], key })).toMatch(CONFUSION);
    }
  });

  it.each(Object.values(KINDS))('is refused as what it is: %s', (algorithm) => {
    const { publicKey, privateKey } = PAIRS[algorithm];
    for (const key of [publicKey, privateKey, jwkOf(publicKey), jwkOf(privateKey)]) {
      expect(refusalOf({ algorithms: ['HS256'], key })).toMatch(
        /^jwt\(\): option "key" is a public or private key/,
      );
    }
    expect(
      refusalOf({
        algorithms: ['HS256'],
        jwks: { keys: [secretJwk(randomBytes(32)), jwkOf(publicKey)] },
      }),
    ).toMatch(/^jwt\(\): option "jwks.keys.1" is a public or private key/);
  });
});

describe('a key and its algorithms', () => {
  const others = {
    'RSA for PSS with SHA-256': rsaPss('sha256', 'sha256', 32).publicKey,
    'RSA for PSS with two hashes': rsaPss('sha256', 'sha1', 32).publicKey,
    'RSA for PSS with a salt longer than the hash': rsaPss('sha256', 'sha256', 64).publicKey,
    secp256k1: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey,
    Ed448: generateKeyPairSync('ed448').publicKey,
    X25519: generateKeyPairSync('x25519').publicKey,
  };
  const kinds: [string, KeyObject, RegExp][] = [
    ['RSA', PAIRS.RS256.publicKey, /^[RP]S/],
    ['P-256', PAIRS.ES256.publicKey, /^ES256/],
    ['P-384', PAIRS.ES384.publicKey, /^ES384/],
    ['P-521', PAIRS.ES512.publicKey, /^ES512/],
    ['Ed25519', PAIRS.EdDSA.publicKey, /^Ed/],
    ['RSA for PSS with SHA-256', others['RSA for PSS with SHA-256'], /^PS256/],
    ['RSA for PSS with two hashes', others['RSA for PSS with two hashes'], /^never/],
    [
      'RSA for PSS with a salt longer than the hash',
      others['RSA for PSS with a salt longer than the hash'],
      /^never/,
    ],
    ['secp256k1', others.secp256k1, /^never/],
    ['Ed448', others.Ed448, /^never/],
    ['X25519', others.X25519, /^never/],
  ];
  const pairs = kinds.flatMap(([kind, key, fitting]) =>
    ALGORITHMS.filter((algorithm) => !HMAC.includes(algorithm)).map(
      (algorithm) => [kind, algorithm, key, fitting.test(algorithm)] as const,
    ),
  );

  it.each(pairs.filter(([, , , fits]) => fits))('fit: %s, %s', (_, algorithm, key) => {
    expect(verifierOf({ algorithms: [algorithm], key }).name).toBe('jwt');
  });

  it.each(pairs.filter(([, , , fits]) => !fits))('do not fit: %s, %s', (_, algorithm, key) => {
    expect(refusalOf({ algorithms: [algorithm], key })).toMatch(
      new RegExp(
        `^jwt\\(\\): option "key" does not fit the algorithm ${algorithm}: a key fits one kind of algorithm; name only those in "algorithms"$`,
      ),
    );
  });

  it.each<[string, Algorithm[]]>([
    ['RS256, ES256', ['RS256', 'ES256']],
    ['ES256, ES384', ['ES256', 'ES384']],
    ['PS256, EdDSA', ['PS256', 'EdDSA']],
  ])('are of one kind: %s', (_, algorithms) => {
    expect(refusalOf({ algorithms, key: PAIRS[algorithms[0] as Algorithm].publicKey })).toContain(
      `does not fit the algorithm ${algorithms[1]}:`,
    );
  });

  it('may be several of one kind', async () => {
    const algorithms: Algorithm[] = ['RS256', 'RS512', 'PS384'];
    const verifier = verifierOf({ algorithms });
    for (const algorithm of algorithms) {
      expect(await verdict(tokenOf({}, {}, algorithm), verifier)).toBe('good');
    }
    for (const algorithm of ['RS384', 'PS256', 'PS512'] as const) {
      expect(await verdict(tokenOf({}, {}, algorithm), verifier)).toBe('bad_signature');
    }
  });

  it.each(['RSA-OAEP', 'RS512', 'ES256'])(
    'say that the alg of a JWK reserves it for another: %s',
    (alg) => {
      expect(refusalOf({ key: jwkOf(PAIRS.RS256.publicKey, { alg }) })).toBe(
        'jwt(): option "key" does not fit the algorithm RS256: its "alg" allows only another',
      );
    },
  );

  it('are narrowed by the alg of a JWK', async () => {
    const rsa = PAIRS.RS256.publicKey;
    expect(
      refusalOf({ algorithms: ['RS256', 'PS256'], key: jwkOf(rsa, { alg: 'PS256' }) }),
    ).toContain('does not fit the algorithm RS256:');
    const verifier = verifierOf({
      algorithms: ['RS256', 'PS256'],
      jwks: { keys: [jwkOf(rsa, { alg: 'PS256' })] },
    });
    expect(await verdict(tokenOf({}, {}, 'PS256'), verifier)).toBe('good');
    expect(await verdict(tokenOf({}, {}, 'RS256'), verifier)).toBe('bad_signature');
  });

  it.each([
    ['PS256', 'sha256', 32],
    ['PS384', 'sha384', 48],
    ['PS512', 'sha512', 64],
    ['PS256', 'sha256', 20],
  ] as const)(
    'verify %s by an RSA key that is for PSS with %s alone, and salts of at least %d bytes',
    async (algorithm, hash, salt) => {
      const pair = rsaPss(hash, hash, salt);
      const verifier = verifierOf({ algorithms: [algorithm], key: pair.publicKey });
      expect(await verdict(tokenOf({}, {}, algorithm, pair.privateKey), verifier)).toBe('good');
      expect(await verdict(tokenOf({}, {}, algorithm), verifier)).toBe('bad_signature');
    },
  );

  it.each(['rsa', 'rsa-pss'] as const)('are refused with a modulus under 2048 bits: %s', (type) => {
    const { publicKey } = generateKeyPairSync(type as 'rsa', { modulusLength: 1024 });
    expect(refusalOf({ algorithms: ['PS256'], key: publicKey })).toBe(
      'jwt(): option "key" is an RSA key of 1024 bits; at least 2048 are required (RFC 7518 §3.3)',
    );
    expect(refusalOf({ algorithms: ['PS256'], key: spki(publicKey) })).toContain(
      'RSA key of 1024 bits',
    );
  });

  it('are refused with a modulus of 2040 bits, and in a set too', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2040 });
    expect(refusalOf({ key: publicKey })).toContain('RSA key of 2040 bits');
    expect(
      refusalOf({ jwks: { keys: [jwkOf(PAIRS.RS256.publicKey), jwkOf(publicKey)] } }),
    ).toContain('option "jwks.keys.1" is an RSA key of 2040 bits');
  });
});

describe('a set of keys', () => {
  type Pair = Readonly<Record<'publicKey' | 'privateKey', KeyObject>>;
  const [a, b, c] = [0, 1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' })) as [
    Pair,
    Pair,
    Pair,
  ];
  const jwks = { keys: [jwkOf(a.publicKey, { kid: 'a' }), jwkOf(b.publicKey, { kid: 'b' })] };
  const set = (keys: JsonWebKey[], algorithms: Algorithm[] = ['ES256']) =>
    verifierOf({ algorithms, jwks: { keys } });
  const signedBy = ({ privateKey }: Pair, kid?: unknown) =>
    tokenOf({}, { kid }, 'ES256', privateKey);

  it('is searched by kid', async () => {
    const verifier = set(jwks.keys);
    expect(await verdict(signedBy(a, 'a'), verifier)).toBe('good');
    expect(await verdict(signedBy(b, 'b'), verifier)).toBe('good');
    expect(await verdict(signedBy(a, 'b'), verifier)).toBe('bad_signature');
    expect(await verdict(signedBy(b, 'a'), verifier)).toBe('bad_signature');
    expect(await verdict(signedBy(c, 'a'), verifier)).toBe('bad_signature');
    expect(await verdict(signedBy(a, 'A'), verifier)).toBe('bad_signature');
  });

  it('is tried key by key for a token that names none', async () => {
    const verifier = set(jwks.keys);
    expect(await verdict(signedBy(a), verifier)).toBe('good');
    expect(await verdict(signedBy(b), verifier)).toBe('good');
    expect(await verdict(signedBy(c), verifier)).toBe('bad_signature');
  });

  it('is tried key by key if each has to be waited for', async () => {
    const [one, two, three] = [0, 1, 2].map(() => generateKeyPairSync('ed25519')) as [
      Pair,
      Pair,
      Pair,
    ];
    const verifier = set([jwkOf(one.publicKey), jwkOf(two.publicKey)], ['EdDSA']);
    const verdictOn = ({ privateKey }: Pair) =>
      verdict(tokenOf({}, {}, 'EdDSA', privateKey), verifier);
    expect([await verdictOn(one), await verdictOn(two), await verdictOn(three)]).toEqual([
      'good',
      'good',
      'bad_signature',
    ]);
  });

  it('is tried with the keys that have no kid, whichever a token names', async () => {
    const verifier = set([jwkOf(a.publicKey), jwkOf(b.publicKey, { kid: 'b' })]);
    expect(await verdict(signedBy(a, 'a'), verifier)).toBe('good');
    expect(await verdict(signedBy(b, 'a'), verifier)).toBe('bad_signature');
  });

  it('may hold two keys of one kid', async () => {
    const verifier = set([jwkOf(a.publicKey, { kid: 'k' }), jwkOf(b.publicKey, { kid: 'k' })]);
    expect(await verdict(signedBy(a, 'k'), verifier)).toBe('good');
    expect(await verdict(signedBy(b, 'k'), verifier)).toBe('good');
    expect(await verdict(signedBy(c, 'k'), verifier)).toBe('bad_signature');
  });

  it('may hold kids by the names of what every object inherits', async () => {
    const verifier = set([
      jwkOf(a.publicKey, { kid: 'constructor' }),
      jwkOf(b.publicKey, { kid: '__proto__' }),
    ]);
    expect(await verdict(signedBy(a, 'constructor'), verifier)).toBe('good');
    expect(await verdict(signedBy(b, '__proto__'), verifier)).toBe('good');
    expect(await verdict(signedBy(a, '__proto__'), verifier)).toBe('bad_signature');
    expect(await verdict(signedBy(a, 'toString'), verifier)).toBe('bad_signature');
  });

  it('holds keys of several kinds, each for its own algorithms', async () => {
    const kinds: Algorithm[] = ['RS256', 'ES256', 'ES384', 'EdDSA'];
    const verifier = set(
      kinds.map((algorithm) => jwkOf(PAIRS[algorithm].publicKey, { kid: algorithm })),
      kinds,
    );
    for (const algorithm of kinds) {
      expect(await verdict(tokenOf({}, {}, algorithm), verifier)).toBe('good');
      expect(await verdict(tokenOf({}, { kid: algorithm }, algorithm), verifier)).toBe('good');
      for (const other of kinds.filter((kind) => kind !== algorithm)) {
        expect(await verdict(tokenOf({}, { kid: other }, algorithm), verifier)).toBe(
          'bad_signature',
        );
      }
    }
  });

  it('contains secrets if they are required', async () => {
    const [one, two] = [randomBytes(32), randomBytes(32)];
    const verifier = verifierOf({
      jwks: { keys: [secretJwk(one, { kid: 'one' }), secretJwk(two, { kid: 'two' })] },
    });
    expect(
      await verdict(tokenOf({}, { kid: 'one' }, 'HS256', createSecretKey(one)), verifier),
    ).toBe('good');
    expect(
      await verdict(tokenOf({}, { kid: 'two' }, 'HS256', createSecretKey(two)), verifier),
    ).toBe('good');
    expect(
      await verdict(tokenOf({}, { kid: 'two' }, 'HS256', createSecretKey(one)), verifier),
    ).toBe('bad_signature');
  });

  it.each<[string, JsonWebKey]>([
    ['for encryption', jwkOf(c.publicKey, { use: 'enc' })],
    ['of another algorithm', jwkOf(c.publicKey, { alg: 'ECDH-ES' })],
    ['of another curve', jwkOf(PAIRS.ES384.publicKey)],
    ['of another type', jwkOf(PAIRS.RS256.publicKey)],
    ['that is a secret', secretJwk(randomBytes(32), { kid: 'other' })],
    ['that is a secret without its bytes', { kty: 'oct' }],
    ['of an unknown type', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }],
    ['of a type by the name of what every object inherits', { kty: 'constructor' }],
    ['of no type', {}],
    ['of a curve that Node does not know', { kty: 'EC', crv: 'BP-256', x: 'AAAA', y: 'AAAA' }],
    ['that lacks a member', jwkOf(c.publicKey, { y: undefined })],
  ])('passes over a key %s', async (_, other) => {
    const verifier = set([other, jwkOf(a.publicKey)]);
    expect(await verdict(signedBy(a), verifier)).toBe('good');
    expect(await verdict(signedBy(c), verifier)).toBe('bad_signature');
  });

  it.each<[string, JsonWebKey[]]>([
    ['nothing', []],
    ['keys for encryption alone', [jwkOf(a.publicKey, { use: 'enc' })]],
    ['keys of other kinds alone', [jwkOf(PAIRS.ES384.publicKey), jwkOf(PAIRS.EdDSA.publicKey)]],
    ['keys of unknown types alone', [{ kty: 'AKP' }]],
    ['secrets alone', [secretJwk(randomBytes(64))]],
  ])('is refused with %s', (_, keys) => {
    expect(refusalOf({ algorithms: ['ES256'], jwks: { keys } })).toBe(
      'jwt(): option "jwks" must contain a key that verifies ES256',
    );
  });

  it('does not follow what happens to its list afterwards', async () => {
    const keys = [...jwks.keys];
    const algorithms: Algorithm[] = ['ES256'];
    const verifier = set(keys, algorithms);
    keys.push(jwkOf(c.publicKey));
    algorithms.push('RS256');
    expect(await verdict(signedBy(c), verifier)).toBe('bad_signature');
    expect(await verdict(tokenOf({}, {}, 'RS256'), verifier)).toBe('bad_signature');
  });
});

describe('a kid', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const alone = verifierOf({ algorithms: ['ES256'], key: pair.publicKey });
  const named = verifierOf({ algorithms: ['ES256'], key: jwkOf(pair.publicKey, { kid: 'k1' }) });
  const set = verifierOf({
    algorithms: ['ES256'],
    jwks: { keys: [jwkOf(pair.publicKey, { kid: 'k1' })] },
  });
  const signed = (kid: unknown) => tokenOf({}, { kid }, 'ES256', pair.privateKey);

  it('is left to the issuer if there is one key without a name', async () => {
    for (const kid of [undefined, 'k1', 'k2']) {
      expect(await verdict(signed(kid), alone)).toBe('good');
    }
  });

  it('holds if the one key has a name', async () => {
    expect(await verdict(signed('k1'), named)).toBe('good');
    expect(await verdict(signed(undefined), named)).toBe('good');
    expect(await verdict(signed('k2'), named)).toBe('bad_signature');
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['true', true],
    ['0', 0],
    ['1', 1],
    ['an empty list', []],
    ['a list', ['k1']],
    ['an empty object', {}],
    ['an object', { kid: 'k1' }],
    ['a string of 257 characters', 'k'.repeat(257)],
    ['a string of 10,240 characters', 'k'.repeat(10_240)],
  ])('cannot be %s', async (_, kid) => {
    for (const verifier of [alone, named, set]) {
      expect(await verdict(signed(kid), verifier)).toBe('malformed');
    }
  });

  it('may be as long as 256 characters', async () => {
    expect(await verdict(signed('k'.repeat(256)), alone)).toBe('good');
  });

  it.each([
    '',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'K1',
    'k1 ',
    'k1\0',
    'k1\n',
    '../../../../dev/null',
    '/etc/passwd',
    'file:///dev/null',
    "k1' OR '1'='1",
    "x' UNION SELECT 'secret'; --",
    '*',
    'k1|/usr/bin/id',
    'http://127.0.0.1/keys',
  ])('of a key that is not there opens nothing: %j', async (kid) => {
    for (const verifier of [named, set]) {
      expect(await verdict(signed(kid), verifier)).toBe('bad_signature');
    }
    const emptyKey = createSecretKey(Buffer.alloc(0));
    expect(await verdict(tokenOf({}, { kid }, 'HS256', emptyKey), alone)).toBe('bad_signature');
    expect(await verdict(tokenOf({}, { kid }, 'HS256', emptyKey))).toBe('bad_signature');
  });
});

describe('a weak key', () => {
  const rsa = PAIRS.RS256.publicKey;
  const ones = (bytes: number) => Buffer.alloc(bytes, 255).toString('base64url');
  const weak: [string, Algorithm, JsonWebKey, RegExp][] = [
    [
      'an RSA key with the exponent 1',
      'RS256',
      jwkOf(rsa, { e: 'AQ' }),
      /unsafe exponent; it must be odd, at least 3/,
    ],
    [
      'an RSA key with the exponent 1 in three bytes',
      'RS256',
      jwkOf(rsa, { e: 'AAAB' }),
      /unsafe exponent/,
    ],
    ['an RSA key with the exponent 2', 'PS256', jwkOf(rsa, { e: 'Ag' }), /unsafe exponent/],
    ['an RSA key with an even exponent', 'RS512', jwkOf(rsa, { e: 'AQAA' }), /unsafe exponent/],
    [
      'an RSA key with an exponent of 40 bits',
      'RS256',
      jwkOf(rsa, { e: ones(5) }),
      /unsafe exponent/,
    ],
    [
      'an RSA key of more than 8192 bits',
      'RS256',
      jwkOf(rsa, { n: ones(1_025) }),
      /RSA key of 8200 bits; at most 8192/,
    ],
    [
      'an Ed25519 key that is zero',
      'EdDSA',
      { kty: 'OKP', crv: 'Ed25519', x: Buffer.alloc(32).toString('base64url') },
      /small order/,
    ],
    [
      'an Ed25519 key that is the neutral element',
      'EdDSA',
      { kty: 'OKP', crv: 'Ed25519', x: `AQ${'A'.repeat(41)}` },
      /small order/,
    ],
  ];

  it.each(weak)('is refused: %s', (_, algorithm, key, message) => {
    expect(refusalOf({ algorithms: [algorithm], key })).toMatch(message);
    expect(
      refusalOf({ algorithms: [algorithm], key: createPublicKey({ key, format: 'jwk' }) }),
    ).toMatch(message);
    expect(
      refusalOf({ algorithms: [algorithm], key: spki(createPublicKey({ key, format: 'jwk' })) }),
    ).toMatch(message);
    expect(refusalOf({ algorithms: [algorithm], jwks: { keys: [key] } })).toMatch(message);
  });

  const SMALL = [
    '00',
    '01',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    `ec${'ff'.repeat(30)}7f`,
  ];
  SMALL.push(
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
  );
  const points = SMALL.map((hex) => Buffer.from(hex.padEnd(64, '0'), 'hex'));
  const withSign = (point: Buffer) => Buffer.from(point.with(31, (point[31] ?? 0) | 0x80));

  it.each(
    [...points, ...points.map(withSign)].map((point) => [point.toString('hex'), point] as const),
  )('is rejected as forgeable by anyone: the Ed25519 point %s', (_, point) => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') };
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const messages = Array.from({ length: 64 }, (_unused, n) => Buffer.from(`message ${n}`));
    const isForged = messages.some((message) =>
      points.some((r) => verify(null, message, key, Buffer.concat([r, Buffer.alloc(32)]))),
    );
    // Node 24 and later reject such a signature themselves.
    expect(isForged).toBe(NODE_MAJOR < 24);
    expect(refusalOf({ algorithms: ['EdDSA'], key: jwk })).toBe(
      'jwt(): option "key" is an Ed25519 key of small order, for which anyone can sign',
    );
  });

  it.each([
    ['the exponent 3', { e: 'Aw' }],
    ['the exponent 2^32 - 1', { e: ones(4) }],
    ['8192 bits', { n: ones(1_024) }],
  ])('is not an RSA key with %s', (_, members) => {
    expect(verifierOf({ algorithms: ['RS256'], key: jwkOf(rsa, members) }).name).toBe('jwt');
  });
});

describe('a key from the environment', () => {
  const pem = spki(PAIRS.RS256.publicKey);
  it.each<[string, string, RegExp]>([
    [
      'whose line breaks are backslash and n',
      pem.replaceAll('\n', '\\n'),
      /its line breaks are written as "\\n"/,
    ],
    ['on one line', pem.replaceAll('\n', ' '), /its line breaks are missing/],
    [
      'without its lines',
      pem.replace(/-----[^-]+-----|\n/g, ''),
      /the lines "-----BEGIN …-----" and "-----END …-----" of a PEM are missing/,
    ],
    ['without its END line', pem.replace(/-----END[^]*/, ''), /its END line is missing/],
    ['in base64', Buffer.from(pem).toString('base64'), /a PEM in base64; decode it/],
    [
      'that is a JWK as text',
      JSON.stringify(jwkOf(PAIRS.RS256.publicKey)),
      /it is JSON text; pass the object/,
    ],
  ])('that cannot be read says what to do: %s', (_, key, message) => {
    expect(refusalOf({ key })).toMatch(message);
    expect(refusalOf({ key: Buffer.from(key) })).toMatch(message);
  });
});

describe('the error about a key', () => {
  const hidden = 'hunter2hunter2hunter2';

  it.each<[string, Partial<JwtOptions>]>([
    ['a short secret', { algorithms: ['HS256'], key: hidden }],
    ['a short secret as bytes', { algorithms: ['HS512'], key: Buffer.from(hidden) }],
    ['a secret where a public key belongs', { algorithms: ['RS256'], key: hidden }],
    [
      'a secret JWK where a public key belongs',
      { algorithms: ['ES256'], key: { kty: 'oct', k: hidden } },
    ],
    [
      'a secret JWK in a set',
      { algorithms: ['EdDSA'], jwks: { keys: [{ kty: 'oct', k: hidden }] } },
    ],
    [
      'a private JWK',
      { algorithms: ['ES256'], key: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', d: hidden } },
    ],
    ['a broken JWK', { algorithms: ['RS256'], key: { kty: 'RSA', n: hidden, e: hidden } }],
    ['a PEM in place of a secret', { algorithms: ['HS256'], key: `-----BEGIN X-----${hidden}` }],
    ['a misspelt option', { algorithms: ['HS256'], key: hidden, secret: hidden } as never],
    ['a secret as algorithm', { algorithms: [hidden as Algorithm] }],
  ])('does not hold it: %s', (_, options) => {
    const error = thrownBy(() =>
      jwt({ issuer: ISSUER, audience: AUDIENCE, algorithms: ['HS256'], ...options }),
    );
    expect(error).toBeInstanceOf(TypeError);
    const shown = inspect(error, { depth: Infinity, showHidden: true });
    expect(shown).not.toContain(hidden);
    expect(shown).not.toContain(Buffer.from(hidden).toString('base64url'));
  });
});
