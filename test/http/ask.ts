import type { RequestListener, ServerOptions } from 'node:http';

import { listen, rawRequest, type RawResponse, sendRaw } from '../support/servers';

/** Asks a listener once, by a request's bytes. */
export async function ask(
  listener: RequestListener,
  request: string,
  options?: ServerOptions,
): Promise<RawResponse> {
  const server = await listen(listener, options);
  try {
    return await sendRaw(server.port, request);
  } finally {
    await server.close();
  }
}

export const get = (...headers: readonly string[]): string => rawRequest('GET /', ...headers);

/** A header's values in an answer, one for each line. */
export const valuesOf = ({ headers }: RawResponse, name: string): readonly string[] =>
  headers
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `))
    .map((line) => line.slice(name.length + 2));
