import { type KeyObject, sign } from 'node:crypto';

/** One DER element: a tag, the length, the contents. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const size = body.length.toString(16);
  const bytes = Buffer.from(size.padStart(size.length + (size.length % 2), '0'), 'hex');
  const length =
    body.length < 0x80 ? bytes : Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
  return Buffer.concat([Buffer.of(tag), length, body]);
}

const sequence = (...members: readonly Uint8Array[]) => der(0x30, ...members);
const utcTime = (text: string) => der(0x17, Buffer.from(text));

/** sha256WithRSAEncryption, ecdsa-with-SHA256 and Ed25519 as AlgorithmIdentifier. */
const SIGNATURES: Readonly<Record<string, Buffer>> = {
  rsa: sequence(der(0x06, Buffer.from('2a864886f70d01010b', 'hex')), der(0x05)),
  ec: sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex'))),
  ed25519: sequence(der(0x06, Buffer.from('2b6570', 'hex'))),
};

/** A self-signed certificate (RFC 5280 §4.1) without a name, which Node can read but not make. */
export function certificateOf(
  publicKey: KeyObject,
  privateKey: KeyObject,
): { readonly pem: string; readonly der: Buffer } {
  const type = publicKey.asymmetricKeyType as string;
  const algorithm = SIGNATURES[type] as Buffer;
  const name = sequence();
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    algorithm,
    name,
    sequence(utcTime('200101000000Z'), utcTime('490101000000Z')),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
  );
  const signature = sign(type === 'ed25519' ? null : 'sha256', toBeSigned, privateKey);
  const certificate = sequence(toBeSigned, algorithm, der(0x03, Buffer.of(0), signature));
  const lines = certificate.toString('base64').replace(/(.{64})(?=.)/g, '$1\n');
  return {
    der: certificate,
    pem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}
