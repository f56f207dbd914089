import * as z from 'zod/mini';

import type { RevocationEvent } from '../../credential/revocation';
import { codedError, typeError } from '../../internal/errors';
import { checkOptions, nonEmptyString } from '../../internal/options';
import type { CredentialStore, StateStore } from '../../stores/store';
import { reject } from '../rejection';
import type { Verification, Verifier } from '../verifier';
import { createIssuerClocks, type IssuerClocks, revocationSlackMs } from './issuer-clocks';
import type { AcceptedToken } from './validate-token';

/**
 * Where revocations of JWTs are kept. A store with `publish()` notifies other instances at once;
 * without it, they notice within `cache.ttlMs`.
 */
export type RevocationStore = Pick<StateStore, 'get' | 'set'> &
  Partial<Pick<CredentialStore, 'publish' | 'subscribe'>>;

/**
 * Which tokens to revoke: one by its `jti`, or all that were issued until now to a subject, to a
 * client or for a grant. Exactly one of the four is given.
 */
export interface RevokedTokens {
  /** The `jti` of a token. */
  readonly credentialId?: string;
  /** The `sub` of the tokens. */
  readonly subject?: string;
  /** The client that the tokens were issued to. */
  readonly clientId?: string;
  /** The claim `grant_id` of the tokens, as `latchkey/authorization-server` issues it. */
  readonly grantId?: string;
  /**
   * The issuer of the tokens. Required if the verifier has several.
   * @default the issuer of the verifier
   */
  readonly issuer?: string;
}

/** A verifier whose tokens can be revoked before they expire. */
export interface RevocableVerifier extends Verifier {
  /**
   * Revokes tokens on every instance, including those that start later, until the last of them has
   * expired.
   *
   * @param tokens - exactly one of `credentialId`, `subject`, `clientId` and `grantId`
   * @throws {TypeError} `ERR_LATCHKEY_OPTION` if it names none or several of the four
   * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` if the issuer is missing or is not the verifier's
   *
   * @example
   * await tokens.revoke({ subject: 'user_7' });
   */
  readonly revoke: (tokens: RevokedTokens) => Promise<void>;
}

/** Revocations of one verifier's tokens. */
export interface JwtRevocations extends Required<Pick<RevocableVerifier, 'revoke' | 'subscribe'>> {
  /** Returns the verification, or a rejection if the token is revoked. */
  check(accepted: AcceptedToken): Promise<Verification>;
}

export interface JwtRevocationsPolicy {
  /** The issuer of tokens for which `revoke()` names none. */
  readonly issuer: string | undefined;
  /** The longest lifetime of a token, in milliseconds. A revocation is kept for as long. */
  readonly lifetimeMs: number;
  readonly toleranceMs: number;
  /**
   * How far the issuer's clock is assumed to be ahead, in milliseconds. Tokens that claim to be
   * issued that soon after a revocation are rejected too.
   */
  readonly skewMs: number;
  readonly isIssuer: (iss: string) => boolean;
}

interface Context extends JwtRevocationsPolicy {
  readonly store: RevocationStore;
  readonly clocks: IssuerClocks;
  readonly listeners: Listeners;
}

/**
 * Keeps revocations in a store, which is queried for every verification that is not cached. Each is
 * kept under its issuer, because a subject is unique only there.
 */
export function jwtRevocations(
  store: RevocationStore,
  policy: JwtRevocationsPolicy,
): JwtRevocations {
  const clocks = createIssuerClocks(policy.lifetimeMs);
  const context: Context = { ...policy, store, clocks, listeners: listenersOn(store) };
  return {
    revoke: (tokens) => revoke(context, tokens),
    subscribe: (listener) => subscribe(context, listener),
    check: (accepted) => checkRevocations(context, accepted),
  };
}

const GROUP = 'jwt-revocations';
const EVENT_TYPES = {
  credentialId: 'credential',
  subject: 'subject',
  clientId: 'client',
  grantId: 'grant',
} as const;
type Selector = keyof typeof EVENT_TYPES;
type EventType = (typeof EVENT_TYPES)[Selector];
const SELECTORS: readonly Selector[] = ['credentialId', 'subject', 'clientId', 'grantId'];

const revokedSchema = z
  .strictObject({
    credentialId: z.optional(nonEmptyString),
    subject: z.optional(nonEmptyString),
    clientId: z.optional(nonEmptyString),
    grantId: z.optional(nonEmptyString),
    issuer: z.optional(nonEmptyString),
  })
  .check(
    z.refine((tokens) => SELECTORS.filter((name) => tokens[name] !== undefined).length === 1, {
      error: 'pass exactly one of "credentialId", "subject", "clientId" and "grantId"',
    }),
  );

async function revoke(context: Context, tokens: RevokedTokens): Promise<void> {
  const { store, clocks, listeners, lifetimeMs, toleranceMs } = context;
  const parsed = checkOptions('revoke()', revokedSchema, tokens);
  const iss = revocationIssuer(context, parsed.issuer);
  const selector = SELECTORS.find((name) => parsed[name] !== undefined) ?? 'credentialId';
  const type = EVENT_TYPES[selector];
  const id = parsed[selector] ?? '';
  const at = Date.now();
  const issuersTime = Math.ceil(at + clocks.aheadMs(iss));
  const expiresAt = Math.ceil(issuersTime + lifetimeMs + 2 * toleranceMs);
  await store.set(GROUP, revocationKey(iss, type, id), String(issuersTime), expiresAt);
  const event: RevocationEvent = { type, id, at };
  listeners.forEach(({ notify }) => notify(event));
  await store.publish?.(event);
}

function revocationIssuer({ issuer, isIssuer }: Context, named: string | undefined): string {
  const iss = named ?? issuer;
  if (iss === undefined) {
    throw typeError(
      'ERR_LATCHKEY_ARGUMENT',
      'revoke(): option "issuer" is required: this verifier has several issuers',
    );
  }
  if (!isIssuer(iss)) {
    throw typeError(
      'ERR_LATCHKEY_ARGUMENT',
      'revoke(): option "issuer" must be an issuer of this verifier',
    );
  }
  return iss;
}

const revocationKey = (iss: string, type: EventType, id: string): string =>
  JSON.stringify([iss, type, id]);

type Listener = (event: RevocationEvent) => void;
/** One entry for each subscription, so that a listener can be added twice. */
type Listeners = Set<{ readonly notify: Listener }>;

/** Listeners of this process by store: they are notified first, whichever verifier revoked. */
const listenersByStore = new WeakMap<RevocationStore, Listeners>();

function listenersOn(store: RevocationStore): Listeners {
  const listeners: Listeners = listenersByStore.get(store) ?? new Set();
  listenersByStore.set(store, listeners);
  return listeners;
}

function subscribe({ store, listeners }: Context, notify: Listener) {
  const entry = { notify };
  listeners.add(entry);
  const end = store.subscribe?.(notify);
  return () => {
    listeners.delete(entry);
    return end?.();
  };
}

async function checkRevocations(
  context: Context,
  { issuedAt, ...accepted }: AcceptedToken,
): Promise<Verification> {
  const { issuer: iss = '', credentialId, subject, clientId } = accepted.principal;
  context.clocks.observe(iss, issuedAt);
  const find = (type: EventType, id: string | undefined) => findRevocation(context, iss, type, id);
  // In parallel, so that they last as long as one query.
  const [byId, byGrant, bySubject, byClient] = await Promise.all([
    find('credential', credentialId),
    find('grant', accepted.grantId),
    find('subject', subject),
    find('client', clientId),
  ]);
  const slackMs = revocationSlackMs(issuedAt, context.skewMs);
  const isCovered = (at: number | undefined) => at !== undefined && issuedAt <= at + slackMs;
  const found = {
    jti: byId !== undefined,
    grant_id: byGrant !== undefined,
    subject: isCovered(bySubject),
    client: isCovered(byClient),
  };
  const by = Object.entries(found).find(([, isRevoked]) => isRevoked)?.[0];
  return by === undefined ? accepted : reject('revoked', `the token was revoked by its ${by}`);
}

/** Returns when tokens were revoked, by the issuer's clock, in milliseconds since the epoch. */
async function findRevocation(
  { store }: Context,
  iss: string,
  type: EventType,
  id: string | undefined,
): Promise<number | undefined> {
  const value = id === undefined ? undefined : await store.get(GROUP, revocationKey(iss, type, id));
  if (value === undefined) {
    return undefined;
  }
  if (!/^\d+$/.test(value)) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'The store of "revocations" returned something that is not a time',
    );
  }
  return Number(value);
}
