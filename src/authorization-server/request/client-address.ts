import type { IncomingMessage } from 'node:http';

/**
 * Returns the address that a request comes from. Express knows it behind a proxy, too, by its
 * setting `trust proxy`.
 */
export const clientAddress = ({ ip, socket }: IncomingMessage & { readonly ip?: string }): string =>
  ip ?? socket.remoteAddress ?? '';
