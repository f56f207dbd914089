import type { IncomingMessage } from 'node:http';

import type { Principal } from '../credential/principal';
import type { AuthenticationResult } from '../http/check';
import type { GuardDetails } from '../http/guard-details';
import { addHeaders } from '../http/response-headers';

/** What is used of a request of Fastify. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage;
  readonly method: string;
  auth: Principal | undefined;
}

/** What is used of a reply of Fastify. */
export interface FastifyReplyLike {
  code(status: number): unknown;
  headers(values: Record<string, string | string[]>): unknown;
  getHeader(name: string): number | string | string[] | undefined;
  header(name: string, value: unknown): unknown;
  send(payload?: unknown): unknown;
}

/** Applies a guard to a request of Fastify. Returns false if the guard has sent a refusal. */
export async function guardFastify(
  { decide }: GuardDetails,
  request: FastifyRequestLike,
  reply: FastifyReplyLike,
): Promise<boolean> {
  request.auth = undefined;
  const result = await decide(request.raw, request);
  if (result.status === 'refused') {
    sendRefusal(request, reply, result);
    return false;
  }
  const getHeader = (name: string) => reply.getHeader(name);
  const setHeader = (name: string, value: unknown) => reply.header(name, value) as never;
  addHeaders({ getHeader, setHeader }, result.headers);
  request.auth = result.status === 'authenticated' ? result.principal : undefined;
  return true;
}

function sendRefusal(
  { method }: FastifyRequestLike,
  reply: FastifyReplyLike,
  { refusal }: Extract<AuthenticationResult, { readonly status: 'refused' }>,
): void {
  const { status, headers, body } = refusal;
  reply.code(status);
  reply.headers(headers);
  // Fastify would add a charset to the content type of a string.
  reply.send(method === 'HEAD' ? undefined : Buffer.from(body));
}
