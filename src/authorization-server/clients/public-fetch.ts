import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';

import { membersIf, omitUndefined } from '../../internal/objects';
import { isPublicAddress } from './public-address';

/** A request was not made, because its host is not on the public internet. */
export class BlockedAddressError extends Error {
  constructor() {
    super('The host does not have a public address');
  }
}

/**
 * Looks up the addresses of a host, and fails unless all of them are public. It runs when the
 * connection is made, so a name cannot change its address in between (DNS rebinding).
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    const failure = error ?? (addresses.every(isPublic) ? null : new BlockedAddressError());
    const [first] = addresses ?? [];
    if (failure || !first) {
      return callback(failure ?? new BlockedAddressError(), []);
    }
    return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
  });
};

const isPublic = ({ address }: LookupAddress): boolean => isPublicAddress(address);

/**
 * Creates a `fetch` for GET that connects only to public addresses, follows no redirect, reuses no
 * connection, and ignores proxies of the environment.
 *
 * @param isExempt Whether a URL may also be at a private address.
 */
export const publicFetch =
  (isExempt: (url: URL) => boolean): typeof fetch =>
  (input, { headers, signal } = {}) =>
    new Promise((resolve, reject) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const exempt = isExempt(url);
      const host = url.hostname.replace(/^\[|\]$/g, '');
      if (!exempt && isIP(host) !== 0 && !isPublicAddress(host)) {
        return reject(new BlockedAddressError());
      }
      const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
      request(url, {
        agent: false,
        headers: Object.fromEntries(new Headers(headers)),
        ...omitUndefined({ signal: signal ?? undefined }),
        ...membersIf(!exempt, { lookup: publicLookup }),
      })
        .on('response', (message) => {
          // A status such as 999 has no Response. An exception in a listener would end the process.
          try {
            resolve(toResponse(message));
          } catch (error) {
            message.destroy();
            reject(new Error('The response has no valid status or headers', { cause: error }));
          }
        })
        // Without this, a response with the status 101 would never settle the promise.
        .on('upgrade', (_message, socket) => {
          socket.destroy();
          reject(new Error('The response switches protocols'));
        })
        .on('error', reject)
        .end();
    });

/** Status codes of responses that cannot have a body. */
const WITHOUT_BODY: readonly unknown[] = [204, 205, 304];

function toResponse(message: IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(message.headersDistinct)) {
    for (const value of values) {
      headers.append(name, value);
    }
  }
  const { statusCode: status = 502 } = message;
  if (WITHOUT_BODY.includes(status)) {
    message.resume();
    return new Response(null, { status, headers });
  }
  // The types of Node and of the DOM describe the same stream.
  return new Response(Readable.toWeb(message) as ReadableStream, { status, headers });
}
