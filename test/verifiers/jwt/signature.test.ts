import {
  constants,
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';

import { SignJWT } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import type { Algorithm } from 'latchkey';

import {
  ALGORITHMS,
  AUDIENCE,
  claimsOf,
  ISSUER,
  PAIRS,
  part,
  seal,
  signatureOf,
  tokenOf,
  verdict,
  verifierOf,
} from './tokens';

const verifiers = new Map(
  ALGORITHMS.map((algorithm) => [algorithm, verifierOf({ algorithms: [algorithm] })]),
);

/** A token under another signature each time: PSS draws a salt, and PKCS #1 gets another header. */
const signedAnew = (algorithm: Algorithm, turn: number) =>
  tokenOf({}, { kid: `k${turn}` }, algorithm);

describe.each(ALGORITHMS.filter((algorithm) => /^[RP]S/.test(algorithm)))('%s', (algorithm) => {
  it('is refused without the leading zero byte of its signature (RFC 8017 §8.1.2)', async () => {
    let token = '';
    let bytes = Buffer.of(1);
    for (let turn = 0; bytes[0] !== 0; turn++) {
      token = signedAnew(algorithm, turn);
      bytes = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url');
    }
    const shorter = `${token.slice(0, token.lastIndexOf('.') + 1)}${part(bytes.subarray(1))}`;
    expect([
      await verdict(token, verifiers.get(algorithm)),
      await verdict(shorter, verifiers.get(algorithm)),
    ]).toEqual(['good', 'bad_signature']);
  });
});

const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

/** A private key of the kind that the algorithm wants, and not the one that its verifier knows. */
function strangerTo(algorithm: Algorithm): KeyObject {
  const { asymmetricKeyType, asymmetricKeyDetails } = PAIRS[algorithm].publicKey;
  if (asymmetricKeyType === undefined) {
    return createSecretKey(Buffer.alloc(64, 1));
  }
  if (asymmetricKeyType === 'rsa') {
    return otherRsa;
  }
  if (asymmetricKeyType === 'ed25519') {
    return generateKeyPairSync('ed25519').privateKey;
  }
  return generateKeyPairSync('ec', { namedCurve: asymmetricKeyDetails?.namedCurve as string })
    .privateKey;
}

describe.each(ALGORITHMS)('%s', (algorithm) => {
  const [header, payload, signature] = tokenOf({}, {}, algorithm).split('.') as [
    string,
    string,
    string,
  ];
  const bytes = Buffer.from(signature, 'base64url');
  const withSignature = (other: Uint8Array) => `${header}.${payload}.${part(other)}`;

  it('is verified by its own verifier, and refused by every other', async () => {
    const token = tokenOf({}, {}, algorithm);
    for (const [other, verifier] of verifiers) {
      expect([other, await verdict(token, verifier)]).toEqual([
        other,
        other === algorithm ? 'good' : 'bad_signature',
      ]);
    }
  });

  it('is not what another algorithm signed under its name', async () => {
    for (const other of ALGORITHMS) {
      const sameSignature =
        other === algorithm || (algorithm.startsWith('Ed') && other.startsWith('Ed'));
      const token = `${header}.${payload}.${part(signatureOf(`${header}.${payload}`, other))}`;
      expect([other, await verdict(token, verifiers.get(algorithm))]).toEqual([
        other,
        sameSignature ? 'good' : 'bad_signature',
      ]);
    }
  });

  it('is not what another key of the kind signed', async () => {
    expect(
      await verdict(tokenOf({}, {}, algorithm, strangerTo(algorithm)), verifiers.get(algorithm)),
    ).toBe('bad_signature');
  });

  it('is of these bytes, all of them and no others', async () => {
    const verifier = verifiers.get(algorithm);
    expect(await verdict(withSignature(bytes), verifier)).toBe('good');
    const others = [
      bytes.subarray(1),
      bytes.subarray(0, -1),
      bytes.subarray(0, bytes.length / 2),
      Buffer.of(0),
      Buffer.concat([bytes, Buffer.of(0)]),
      Buffer.concat([Buffer.of(0), bytes]),
      Buffer.concat([bytes, bytes]),
      Buffer.from(bytes).reverse(),
      Buffer.alloc(bytes.length),
      Buffer.alloc(bytes.length, 0xff),
      Buffer.alloc(bytes.length, 1),
    ];
    for (const other of others) {
      expect(await verdict(withSignature(other), verifier)).toBe('bad_signature');
    }
  });

  it('is refused with one bit turned in any of its bytes', async () => {
    const verifier = verifiers.get(algorithm);
    const taken: number[] = [];
    for (const [at, byte] of bytes.entries()) {
      const turned = Buffer.from(bytes);
      turned[at] = byte ^ (1 << (at & 7));
      if ((await verdict(withSignature(turned), verifier)) !== 'bad_signature') {
        taken.push(at);
      }
    }
    expect(taken).toEqual([]);
  });

  it('is not taken from one token to another', async () => {
    const verifier = verifiers.get(algorithm);
    expect(
      await verdict(`${header}.${part(claimsOf({ sub: 'admin' }))}.${signature}`, verifier),
    ).toBe('bad_signature');
    expect(
      await verdict(`${part({ alg: algorithm, typ: 'JWT' })}.${payload}.${signature}`, verifier),
    ).toBe('bad_signature');
  });

  it('is what jose signs', async () => {
    const token = await new SignJWT({ sub: 'u' })
      .setProtectedHeader({ alg: algorithm })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setExpirationTime('5m')
      .sign(PAIRS[algorithm].privateKey);
    expect(await verdict(token, verifiers.get(algorithm))).toBe('good');
  });

  if (!algorithm.startsWith('Ed')) {
    it('is what jsonwebtoken signs', async () => {
      const token = jsonwebtoken.sign({ sub: 'u' }, PAIRS[algorithm].privateKey, {
        algorithm: algorithm as jsonwebtoken.Algorithm,
        issuer: ISSUER,
        audience: AUDIENCE,
        expiresIn: 300,
      });
      expect(await verdict(token, verifiers.get(algorithm))).toBe('good');
    });
  }
});

describe('the alg of a token', () => {
  const payload = part(claimsOf());
  const odd = [
    undefined,
    null,
    '',
    true,
    256,
    {},
    ['HS256'],
    [['HS256']],
    'none',
    'None',
    'NONE',
    'nOnE',
    'none ',
    ' none',
    'none\0',
    'hs256',
    'Hs256',
    'HS256 ',
    'HS256\0',
    'HS256\n',
    'HS-256',
    'HS255',
    'HS1',
    'SHA256',
    'A256KW',
    'dir',
    'RSA-OAEP',
    'ECDH-ES',
    'HMAC',
    'ＨＳ256',
    '__proto__',
    'constructor',
    'toString',
    'PBES2-HS256+A128KW',
  ];

  it.each(odd.map((alg) => [JSON.stringify(alg) ?? 'nothing', alg]))(
    'is not %s',
    async (_, alg) => {
      const header = part({ alg });
      const input = `${header}.${payload}`;
      for (const verifier of [verifierOf(), ...verifiers.values()]) {
        expect(await verdict(`${input}.${part(signatureOf(input))}`, verifier)).toBe(
          'bad_signature',
        );
        expect(await verdict(`${input}.AAAA`, verifier)).toBe('bad_signature');
        expect(await verdict(`${input}.`, verifier)).toBe('malformed');
      }
    },
  );

  it('is one that the verifier was made for, though the key fits', async () => {
    const verifier = verifierOf({ algorithms: ['HS512'] });
    expect(await verdict(tokenOf({}, {}, 'HS512'), verifier)).toBe('good');
    expect(await verdict(tokenOf({}, {}, 'HS256'), verifier)).toBe('bad_signature');
  });
});

describe('a public key', () => {
  const asymmetric = ALGORITHMS.filter((algorithm) => !algorithm.startsWith('HS'));

  it.each(asymmetric)('of %s does not open the door as an HMAC secret', async (algorithm) => {
    const { publicKey } = PAIRS[algorithm];
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
    const der = publicKey.export({ format: 'der', type: 'spki' });
    const jwk = publicKey.export({ format: 'jwk' });
    const secrets = [
      pem,
      pem.trim(),
      pem.replaceAll('\n', ''),
      pem.replaceAll('\n', '\r\n'),
      der,
      der.toString('base64'),
      der.toString('base64url'),
      JSON.stringify(jwk),
      jwk.n ?? jwk.x ?? '',
      '',
    ];
    const targets = [
      verifierOf({ algorithms: [algorithm], key: publicKey }),
      verifierOf({ algorithms: [algorithm], key: pem }),
      verifierOf({ algorithms: [algorithm], jwks: { keys: [{ ...jwk, kid: 'k1' }] } }),
    ];
    for (const secret of secrets) {
      for (const [alg, hash] of [
        ['HS256', 'sha256'],
        ['HS384', 'sha384'],
        ['HS512', 'sha512'],
        [algorithm, 'sha256'],
        ['none', 'sha256'],
      ] as const) {
        const input = `${part({ alg, kid: 'k1' })}.${part(claimsOf())}`;
        const token = `${input}.${part(createHmac(hash, secret).update(input).digest())}`;
        for (const target of targets) {
          expect(await verdict(token, target)).toBe('bad_signature');
        }
      }
    }
  });
});

describe('a signature in another form', () => {
  const input = `${part({ alg: 'ES256' })}.${part(claimsOf())}`;
  const ecdsa = (dsaEncoding: 'der' | 'ieee-p1363') =>
    sign('sha256', Buffer.from(input), { key: PAIRS.ES256.privateKey, dsaEncoding });

  it('is refused: ECDSA in DER (RFC 7518 §3.4)', async () => {
    expect(await verdict(`${input}.${part(ecdsa('ieee-p1363'))}`, verifiers.get('ES256'))).toBe(
      'good',
    );
    expect(await verdict(`${input}.${part(ecdsa('der'))}`, verifiers.get('ES256'))).toBe(
      'bad_signature',
    );
  });

  it.each([
    [
      'r and s of the curve’s order',
      'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
    ],
    ['r and s of one', '1'.padStart(64, '0')],
    ['r and s of zero', '0'.repeat(64)],
  ])('is refused: %s', async (_, number) => {
    expect(
      await verdict(
        `${input}.${part(Buffer.from(number + number, 'hex'))}`,
        verifiers.get('ES256'),
      ),
    ).toBe('bad_signature');
  });

  it.each([
    ['none', 0],
    ['one byte too few', 31],
    ['one byte too many', 33],
    ['as long as it can be', constants.RSA_PSS_SALTLEN_MAX_SIGN],
  ])('is refused: PSS with a salt that is %s (RFC 7518 §3.5)', async (_, saltLength) => {
    const signed = `${part({ alg: 'PS256' })}.${part(claimsOf())}`;
    const signature = sign('sha256', Buffer.from(signed), {
      key: PAIRS.PS256.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength,
    });
    expect(await verdict(`${signed}.${part(signature)}`, verifiers.get('PS256'))).toBe(
      'bad_signature',
    );
  });

  it('is refused: the input signed as text of another spelling', async () => {
    const [header, payload] = tokenOf().split('.') as [string, string];
    for (const other of [
      `${header}.${payload}.`,
      `${header}${payload}`,
      `${header}.${payload}\n`,
      payload,
      header,
      JSON.stringify(claimsOf()),
    ]) {
      expect(await verdict(`${header}.${payload}.${part(signatureOf(other))}`)).toBe(
        'bad_signature',
      );
    }
  });
});

describe('one character changed anywhere in a token', () => {
  const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const OTHERS = [...BASE64URL, '.', '=', '+', '/', ' ', '\n', '\0', '%', 'é', '\u{1f511}', ''];

  /**
   * What a character becomes when one bit of the six that it stands for, or of its code, is turned.
   */
  const neighbours = (character: string): string[] => {
    const value = BASE64URL.indexOf(character);
    const bits =
      value === -1 ? [] : [1, 2, 4, 8, 16, 32].map((bit) => BASE64URL.charAt(value ^ bit));
    return [
      ...bits,
      ...[1, 2, 4, 8, 16, 32, 64].map((bit) => String.fromCharCode(character.charCodeAt(0) ^ bit)),
    ];
  };

  /** Changed tokens that are good all the same. */
  async function wronglyTaken(
    algorithm: Algorithm,
    othersThan: (character: string) => readonly string[],
  ): Promise<string[]> {
    const token = tokenOf({}, {}, algorithm);
    const verifier = verifiers.get(algorithm);
    expect(await verdict(token, verifier)).toBe('good');
    const taken: string[] = [];
    for (const [at, character] of [...token].entries()) {
      for (const other of othersThan(character)) {
        const changed = token.slice(0, at) + other + token.slice(at + 1);
        if (changed !== token && (await verdict(changed, verifier)) === 'good') {
          taken.push(changed);
        }
      }
    }
    return taken;
  }

  it('to any other, or left out, is refused', async () => {
    expect(await wronglyTaken('HS256', () => OTHERS)).toEqual([]);
  });

  it.each(['EdDSA', 'ES256', 'RS256'] as const)(
    'to one that a bit makes of it is refused under %s',
    async (algorithm) => {
      expect(await wronglyTaken(algorithm, neighbours)).toEqual([]);
    },
  );
});

describe('a token changed at random, always the same way', () => {
  /** Marsaglia's xorshift: the same numbers from the same seed on every machine. */
  const randomness = (seed: number) => {
    let state = seed;
    return (below: number): number => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    };
  };

  const CHARACTERS = [...'ABCxyz019-_.=+/ "{}[],:\\\0\n\r\té', '\ud800', '\u{10ffff}'];
  const WORDS = [
    'none',
    'HS256',
    'RS256',
    'null',
    'true',
    '1e999',
    '-1',
    '[]',
    '{}',
    '"__proto__":',
    '"crit":["exp"],',
    '"kid":[],',
    '"',
  ];

  const mutations: ((
    token: string,
    random: (below: number) => number,
    others: readonly string[],
  ) => string)[] = [
    (token, random) =>
      replaced(token, random(token.length), 1, CHARACTERS[random(CHARACTERS.length)] as string),
    (token, random) =>
      replaced(token, random(token.length), 0, CHARACTERS[random(CHARACTERS.length)] as string),
    (token, random) => replaced(token, random(token.length), 1 + random(4), ''),
    (token, random) => token.slice(0, random(token.length)),
    (token, random) => token.slice(random(token.length)),
    (token, random) => replaced(token, random(token.length), 0, token.slice(random(token.length))),
    (token, random, others) => {
      const parts = token.split('.');
      const donor = others[random(others.length)] as string;
      parts[random(3)] = donor.split('.')[random(3)] as string;
      return parts.join('.');
    },
    (token, random) => {
      const parts = token.split('.');
      const which = random(2);
      const text = Buffer.from(parts[which] ?? '', 'base64url').toString('latin1');
      const word = WORDS[random(WORDS.length)] as string;
      parts[which] = Buffer.from(
        replaced(text, random(text.length + 1), random(8), word),
        'latin1',
      ).toString('base64url');
      return parts.join('.');
    },
    (token, random) => {
      const parts = token.split('.');
      const which = random(3);
      const bytes = Buffer.from(parts[which] ?? '', 'base64url');
      if (bytes.length > 0) {
        bytes[random(bytes.length)] = random(256);
      }
      parts[which] = bytes.toString('base64url');
      return parts.join('.');
    },
  ];
  const replaced = (text: string, at: number, length: number, other: string) =>
    text.slice(0, at) + other + text.slice(at + length);

  it.each<[Algorithm, number]>([
    ['HS256', 4_000],
    ['ES256', 1_000],
    ['RS256', 2_000],
    ['EdDSA', 1_000],
  ])('is never valid under %s, and throws nothing', async (algorithm, rounds) => {
    const random = randomness(0x1a7c4);
    const verifier = verifierOf({ algorithms: [algorithm] });
    const tokens = [
      tokenOf({}, {}, algorithm),
      tokenOf({ scope: 'a b', jti: 't1', nbf: 1, iat: 1 }, { typ: 'at+jwt', kid: 'k1' }, algorithm),
      tokenOf(
        { sub: 'é\u{1f511}', aud: [AUDIENCE], nested: { a: [{ b: null }] } },
        { typ: 'JWT' },
        algorithm,
      ),
      seal(part('{"alg":"none"}'), part(claimsOf()), algorithm),
    ];
    const originals = new Set(tokens.slice(0, 3));
    const seen = new Map<string, number>();
    const wronglyTaken: string[] = [];
    for (let round = 0; round < rounds; round++) {
      let token = tokens[random(tokens.length)] as string;
      for (let times = 1 + random(3); times > 0; times--) {
        token = (mutations[random(mutations.length)] as (typeof mutations)[number])(
          token,
          random,
          tokens,
        );
      }
      expect(typeof verifier.accepts({ extractor: 'bearer', token })).toBe('boolean');
      const said = await verdict(token, verifier);
      seen.set(said, (seen.get(said) ?? 0) + 1);
      if (said === 'good' && !originals.has(token)) {
        wronglyTaken.push(token);
      }
    }
    expect(wronglyTaken).toEqual([]);
    // The changes reach the signature and the form alike.
    for (const reason of ['malformed', 'bad_signature']) {
      expect(seen.get(reason)).toBeGreaterThan(rounds / 20);
    }
  });
});

it.each(['PS256', 'PS384', 'PS512'] as const)(
  'an rsa-pss key that names no hash is valid for %s',
  async (algorithm) => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    const { privateKey: other } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    const verifier = verifierOf({ algorithms: [algorithm], key: publicKey });
    const verdicts = [
      tokenOf({}, {}, algorithm, privateKey),
      tokenOf({}, {}, algorithm, other),
    ].map((token) => verdict(token, verifier));
    expect(await Promise.all(verdicts)).toEqual(['good', 'bad_signature']);
  },
);
