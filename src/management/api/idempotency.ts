import type { IncomingMessage } from 'node:http';

import { encryptedState } from '../../authorization-server/encrypted-state';
import { toDigest } from '../../credential/digest';
import { memoryStore } from '../../stores/memory';
import type { StateStore } from '../../stores/store';
import { conflict, fail, type Fault, invalidField, type Outcome, succeed } from '../faults';
import { type ApiResponse, faultResponse } from './response';

/** Responds to a repeated request as to the first one. */
export interface Idempotency {
  /**
   * Runs an operation unless a request with the same `Idempotency-Key` did. Only a 201 is kept:
   * after any other response the request may be sent again.
   */
  run(request: IdempotentRequest, operation: () => Promise<ApiResponse>): Promise<ApiResponse>;
}

export interface IdempotentRequest {
  /** The value of `Idempotency-Key`. */
  readonly key: string;
  /** The account and the operation: the same key of another account or operation is another. */
  readonly scope: readonly string[];
  /** The body of the request. */
  readonly input: unknown;
}

const KEPT_MS = 3_600_000;
/** If an instance ends in the middle of a request, the key can be used again after this time. */
const RUNNING_MS = 60_000;
const CLAIM = 'management:request';
const RESPONSE = 'management:response';

const REUSED: Fault = {
  status: 422,
  error: 'unprocessable_content',
  message: 'The Idempotency-Key was used for another request',
};
const RUNNING = faultResponse(
  conflict('The first request with this Idempotency-Key is still in progress'),
  { 'Retry-After': '1' },
);

/**
 * Keeps responses in a store. Each is encrypted under a key that is derived from the
 * `Idempotency-Key` and the account, so that the store holds no secret in plain text.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function createIdempotency(store: StateStore = memoryStore()): Idempotency {
  return { run: (request, operation) => runOnce(store, request, operation) };
}

async function runOnce(
  store: StateStore,
  { key, scope, input }: IdempotentRequest,
  operation: () => Promise<ApiResponse>,
): Promise<ApiResponse> {
  const id = JSON.stringify([...scope, key]);
  const claim = toDigest(id);
  const fingerprint = toDigest(canonical(input));
  if (!(await store.setIfAbsent(CLAIM, claim, fingerprint, Date.now() + RUNNING_MS))) {
    return repeat(store, { id, fingerprint });
  }
  let response: ApiResponse;
  try {
    response = await operation();
  } catch (error) {
    await release(store, claim);
    throw error;
  }
  await (response.status === 201
    ? keep(store, { id, fingerprint, response })
    : release(store, claim));
  return response;
}

/** Whatever fails here, the response with the secret must be sent. */
async function keep(
  store: StateStore,
  { id, fingerprint, response }: Repeated & { readonly response: ApiResponse },
): Promise<void> {
  const until = Date.now() + KEPT_MS;
  try {
    await encryptedState(store).put(RESPONSE, id, response, until);
    await store.set(CLAIM, toDigest(id), fingerprint, until);
  } catch {
    // The claim remains for a minute, so a repetition in that time is 409 and creates nothing.
  }
}

const release = async (store: StateStore, claim: string): Promise<void> => {
  await store.getAndDelete(CLAIM, claim).catch(() => undefined);
};

interface Repeated {
  readonly id: string;
  readonly fingerprint: string;
}

async function repeat(store: StateStore, { id, fingerprint }: Repeated): Promise<ApiResponse> {
  const claimed = await store.get(CLAIM, toDigest(id));
  if (claimed !== undefined && claimed !== fingerprint) {
    return faultResponse(REUSED);
  }
  const response = await encryptedState(store).get(RESPONSE, id);
  return response === undefined ? RUNNING : (response as ApiResponse);
}

/** The JSON of an input, whatever the order of its members. */
const canonical = (input: unknown): string =>
  JSON.stringify(
    typeof input === 'object' && input !== null ? Object.entries(input).sort() : [input],
  );

/** A string of RFC 8941 §3.3.3, or its content without the quotation marks. */
const KEY = /^(?:"([!#-[\]-~]{1,255})"|([!#-[\]-~]{1,255}))$/;

/** Returns the `Idempotency-Key` of a request, or undefined. */
export function readIdempotencyKey(req: IncomingMessage): Outcome<string | undefined> {
  const value = req.headers['idempotency-key'];
  if (value === undefined) {
    return succeed(undefined);
  }
  const [, quoted, bare] = KEY.exec(String(value)) ?? [];
  const key = quoted ?? bare;
  return key === undefined
    ? fail(invalidField('Idempotency-Key', 'must be 1 to 255 characters of visible ASCII'))
    : succeed(key);
}
