import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A key and a certificate over it that it signed itself, as TLS takes them. */
export interface Certified {
  readonly key: string;
  readonly cert: string;
  /** The certificate in DER. */
  readonly der: Buffer;
  /** What `cnf` of a token says that is bound to it (RFC 8705 §3.1). */
  readonly 'x5t#S256': string;
}

const DAY_MS = 86_400_000;

/** DER: a tag, the length of what follows, and that. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const time = (ms: number): Buffer =>
  der(0x18, Buffer.from(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')));
const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));

/** A certificate for localhost (RFC 5280 §4.1): Node makes keys, and no certificates. */
export function selfSigned(commonName: string): Certified {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(commonName)))));
  const alternativeName = sequence(
    oid('551d11'),
    der(0x04, sequence(der(0x82, Buffer.from('localhost')))),
  );
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1]), randomBytes(8)),
    ECDSA_WITH_SHA256,
    name,
    sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(alternativeName)),
  );
  const certificate = sequence(
    body,
    ECDSA_WITH_SHA256,
    der(0x03, Buffer.from([0]), sign('sha256', body, privateKey)),
  );
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: pem(certificate),
    der: certificate,
    'x5t#S256': createHash('sha256').update(certificate).digest('base64url'),
  };
}

const pem = (certificate: Buffer): string => {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
};
