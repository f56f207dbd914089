import { hash } from 'node:crypto';

import {
  headerRepeated,
  headerValue,
  type ProofOfPossession,
  type RequestLike,
} from '../extractors/extractor';

/**
 * Where the client's certificate is read from. `'socket'` is the TLS connection of the request.
 * `{ header }` names a header in the form of RFC 9440, or with URL-encoded PEM. The proxy that
 * terminates TLS must set or remove that header on every request.
 */
export type ClientCertificate = 'socket' | { readonly header: string };

/**
 * Verifies tokens that are bound to a client certificate (`x5t#S256`).
 * @see https://www.rfc-editor.org/rfc/rfc8705#section-3
 */
export function boundToCertificate(source: ClientCertificate): ProofOfPossession {
  const read = source === 'socket' ? readSocket : headerReader(source.header.toLowerCase());
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

/** The handshake has proven that the client has the key, so the issuer does not matter. */
const readSocket = (request: RequestLike): Buffer | undefined =>
  (request.socket as TlsSocket | null | undefined)?.getPeerCertificate?.()?.raw;

const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/;
const PEM_WITHOUT_SPACE =
  /^-----BEGINCERTIFICATE-----([A-Za-z0-9+/]+={0,2})-----ENDCERTIFICATE-----$/;

function headerReader(name: string) {
  return (request: RequestLike): Buffer | undefined => {
    const value = headerValue(request, name);
    if (value === undefined || headerRepeated(request, name)) {
      return undefined;
    }
    const base64 = (BYTE_SEQUENCE.exec(value) ??
      PEM_WITHOUT_SPACE.exec(decodePercent(value).replace(/\s/g, '')))?.[1];
    return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
  };
}

function decodePercent(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}
