import { NO_CACHE, proofCache, type CacheLimits, type Proof } from './cache';
import type { Carrier, RequestLike } from './carriers/carrier';
import { isForgeable } from './carriers/forgery';
import { isB64Token, isCompactJws, isPlainToken, MAX_KEY_LENGTH, MAX_TOKEN_LENGTH, type Credential } from './credential/credential';
import { digestOf } from './credential/digest';
import { sealPrincipal, type Principal } from './credential/principal';
import { REASONS, type Reason } from './credential/reason';
import { flights, type Flights } from './flights';
import { isPromise } from './promises';
import { Revocations } from './revocations';
import type { Verification, Verifier } from './verifiers/verifier';

/** What came of looking for a credential and proving it. */
export type Attempt =
  | { readonly ok: true; readonly principal: Principal; readonly carrier: Carrier }
  | {
      readonly ok: false;
      readonly reason: Reason;
      /** Where the credential came from, if there was exactly one. */
      readonly carrier?: Carrier | undefined;
      readonly verifier?: string | undefined;
      /** For the operator: what kept us from deciding. */
      readonly error?: unknown;
    };

export interface AuthenticatorOptions {
  readonly carriers: readonly Carrier[];
  readonly verifiers: readonly Verifier[];
  readonly cache: CacheLimits | false;
  readonly timeoutMs: number;
  /** Granted scopes → with all that they imply. */
  readonly expandScopes: (granted: readonly string[]) => readonly string[];
}

export interface Authenticator {
  /** A promise only where something has to be waited for. */
  readonly authenticate: (request: RequestLike) => Attempt | Promise<Attempt>;
  readonly close: () => Promise<void>;
}

/** A verifier, what was revoked of its credentials, and what it is asked at the moment. */
interface Desk {
  readonly verifier: Verifier;
  readonly revocations: Revocations;
  /** Its own, so that a store that hangs takes nobody along. */
  readonly lookUps: Flights<Verification>;
}

/** The time of a question: nothing that happened since is in the answer. */
interface Asked {
  readonly askedAt: number;
  readonly marks: number;
}

interface DeskProof extends Proof {
  readonly desk: Desk;
  readonly carrier: string;
}

const MISSING: Attempt = Object.freeze({ ok: false, reason: 'missing' });
const MULTIPLE: Attempt = Object.freeze({ ok: false, reason: 'multiple' });

/**
 * The pipeline, one way: carriers → credential → digest → cache → grammar → verifier → principal.
 * The client's fault comes back as a reason; whatever throws or is too slow is `unavailable`, never a way in.
 */
export function authenticator({ carriers, verifiers, cache, timeoutMs, expandScopes }: AuthenticatorOptions): Authenticator {
  const explicit = carriers.filter((carrier) => !carrier.ambient);
  const ambient = carriers.filter((carrier) => carrier.ambient);
  const retentionMs = timeoutMs + (cache ? cache.ttlMs + cache.staleIfErrorMs : 0);
  const desks = verifiers.map((verifier): Desk => ({ verifier, revocations: new Revocations(retentionMs), lookUps: flights(timeoutMs) }));
  const proofs = cache ? proofCache<DeskProof>(cache) : NO_CACHE;
  const unwatch = desks.map(({ verifier, revocations }) => verifier.watch?.((mark) => revocations.add(mark)));

  function authenticate(request: RequestLike): Attempt | Promise<Attempt> {
    let found: Carrier | undefined;
    let token = '';
    for (const carrier of explicit) {
      if (carrier.repeated?.(request)) return MULTIPLE;
      const extracted = carrier.extract(request);
      if (extracted === undefined) continue;
      if (found) return MULTIPLE;
      found = carrier;
      token = extracted;
    }
    if (found) return prove(found, token);
    for (const carrier of ambient) {
      const extracted = carrier.extract(request);
      if (extracted !== undefined && !isForgeable(request, carrier.origins)) return prove(carrier, extracted);
    }
    return MISSING;
  }

  function prove(carrier: Carrier, token: string): Attempt | Promise<Attempt> {
    if (token.length > (carrier.scheme ? MAX_TOKEN_LENGTH : MAX_KEY_LENGTH)) return { ok: false, reason: 'malformed', carrier };
    const digest = digestOf(token);
    const credential: Credential = { carrier: carrier.name, token };
    let desk: Desk | undefined;
    try {
      const known = proofs.fresh(digest, Date.now());
      if (known?.carrier === carrier.name) return pass(known, carrier);
      if (!(carrier.scheme ? isB64Token(token) : isPlainToken(token))) return { ok: false, reason: 'malformed', carrier };
      desk = route(credential);
      if (known && known.desk === desk) return pass(known, carrier);
      if (!desk) return { ok: false, reason: carrier.scheme && isCompactJws(token) ? 'bad_issuer' : 'unknown', carrier };
      return lookUp(desk, carrier, credential, digest);
    } catch (error) {
      return failed(desk, carrier, digest, error);
    }
  }

  const route = (credential: Credential): Desk | undefined => desks.find(({ verifier }) => verifier.accepts(credential));

  function lookUp(desk: Desk, carrier: Carrier, credential: Credential, digest: string): Attempt | Promise<Attempt> {
    const { lookUps } = desk;
    const askedAt = Date.now();
    const marks = desk.revocations.count;
    // A look-up that began before the last revocation answers none that was asked after it.
    const question = `${digest} ${carrier.name} ${marks}`;
    let answer: Verification | Promise<Verification> | undefined = cache ? lookUps.join(question) : undefined;
    if (!answer) {
      if (lookUps.full) throw new Error('Too many look-ups are waiting for an answer');
      const verification = desk.verifier.verify(credential);
      answer = isPromise(verification) ? lookUps.start(question, verification) : verification;
    }
    if (!isPromise(answer)) return settle(desk, carrier, digest, { askedAt, marks }, answer);
    return answer
      .then((verification) => settle(desk, carrier, digest, { askedAt, marks }, verification))
      .catch((error: unknown) => failed(desk, carrier, digest, error));
  }

  function settle(desk: Desk, carrier: Carrier, digest: string, { askedAt, marks }: Asked, verification: Verification): Attempt {
    const verifier = desk.verifier.name;
    const refused = (reason: Reason): Attempt => ({ ok: false, reason, carrier, verifier });
    const now = Date.now();
    // Of many who waited for one look-up, the first to be told has sealed the proof already.
    const known = proofs.fresh(digest, now);
    if (known?.desk === desk && verification?.ok === true) return pass(known, carrier);

    checkVerification(verification, verifier);
    if (!verification.ok) {
      proofs.drop(digest);
      return refused(verification.reason);
    }
    const { until = Infinity, grantId, asOf, confirmation } = verification;
    if (now >= until) return refused('expired');
    const principal = sealPrincipal({ ...verification.principal, scopes: expandScopes(verification.principal.scopes) });
    const proof: DeskProof = {
      desk,
      revocations: desk.revocations,
      carrier: carrier.name,
      digest,
      principal,
      until,
      grantId,
      asOf,
      marks,
      provenAt: askedAt,
    };
    const revoked = desk.revocations.voids(proof);
    if (revoked && asOf !== undefined) return refused('revoked');
    // Bound to a key or certificate that nothing here can ask for: to take it without would be to take a stolen one.
    if (confirmation && Object.keys(confirmation).length > 0) return refused('bad_proof');
    if (!revoked) proofs.keep(proof);
    return pass(proof, carrier);
  }

  function pass({ desk, principal }: DeskProof, carrier: Carrier): Attempt {
    desk.verifier.seen?.(principal);
    return { ok: true, principal, carrier };
  }

  function failed(desk: Desk | undefined, carrier: Carrier, digest: string, error: unknown): Attempt {
    const known = proofs.stale(digest, Date.now());
    return known && known.desk === desk
      ? pass(known, carrier)
      : { ok: false, reason: 'unavailable', carrier, verifier: desk?.verifier.name, error };
  }

  return {
    authenticate,
    async close() {
      await Promise.all([...unwatch.map(async (end) => end?.()), ...verifiers.map(async (verifier) => verifier.close?.())]);
    },
  };
}

/** What a verifier may say of a credential. Whether there is one, and what follows from that, is not for it to say. */
const VERDICTS: ReadonlySet<unknown> = new Set(REASONS.filter((reason) => !['missing', 'multiple', 'unavailable'].includes(reason)));
const isAbsentOrTime = (value: unknown): boolean => value === undefined || (typeof value === 'number' && !Number.isNaN(value));

/** A verifier that talks nonsense is an outage like a store that does. */
function checkVerification(verification: unknown, verifier: string): asserts verification is Verification {
  const v = verification as
    | { ok?: unknown; reason?: unknown; until?: unknown; asOf?: unknown; confirmation?: unknown; principal?: Partial<Principal> }
    | null
    | undefined;
  const p = v?.principal;
  const refused = v?.ok === false && VERDICTS.has(v.reason);
  const proven =
    v?.ok === true &&
    isAbsentOrTime(v.until) &&
    isAbsentOrTime(v.asOf) &&
    (v.confirmation === undefined || (typeof v.confirmation === 'object' && v.confirmation !== null && !Array.isArray(v.confirmation))) &&
    typeof p?.subject === 'string' &&
    p.subject !== '' &&
    typeof p.kind === 'string' &&
    Array.isArray(p.scopes) &&
    p.scopes.every((scope) => typeof scope === 'string') &&
    typeof p.claims === 'object' &&
    p.claims !== null;
  if (!refused && !proven) throw new Error(`The verifier ${verifier} answered something that is not a verification`);
}
