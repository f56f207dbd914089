import { hash } from 'node:crypto';

import {
  headerRepeated,
  headerValue,
  type ProofOfPossession,
  type RequestLike,
} from '../extractors/extractor';

/**
 * Where the client's certificate is: that of the TLS connection itself, or in a header that the
 * proxy which ends TLS sets on every request, whatever the client sent: as RFC 9440 writes it, or
 * as PEM in URL encoding.
 */
export type ClientCertificate = 'socket' | { readonly header: string };

/** Tokens that are bound to a certificate (`x5t#S256`, RFC 8705 §3). */
export function boundToCertificate(source: ClientCertificate): ProofOfPossession {
  const read = source === 'socket' ? fromSocket : fromHeader(source.header.toLowerCase());
  return {
    member: 'x5t#S256',
    check(request, value) {
      const der = read(request);
      return der && value === hash('sha256', der, 'base64url')
        ? { ok: true }
        : { ok: false, reason: 'bad_proof' };
    },
  };
}

interface TlsSocket {
  getPeerCertificate?(): { raw?: Buffer } | null;
}

/** The handshake has proven that the client has the key, whoever issued the certificate. */
const fromSocket = (request: RequestLike): Buffer | undefined =>
  (request.socket as TlsSocket | null | undefined)?.getPeerCertificate?.()?.raw;

const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/;
const PEM_WITHOUT_SPACE =
  /^-----BEGINCERTIFICATE-----([A-Za-z0-9+/]+={0,2})-----ENDCERTIFICATE-----$/;

function fromHeader(name: string) {
  return (request: RequestLike): Buffer | undefined => {
    const value = headerValue(request, name);
    if (value === undefined || headerRepeated(request, name)) {
      return undefined;
    }
    const base64 = (BYTE_SEQUENCE.exec(value) ??
      PEM_WITHOUT_SPACE.exec(decoded(value).replace(/\s/g, '')))?.[1];
    return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
  };
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}
