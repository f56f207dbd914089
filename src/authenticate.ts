import { NO_CACHE, proofCache, type CacheLimits, type Proof } from './cache';
import type { Carrier, RequestLike } from './carriers/carrier';
import { isForgeable } from './carriers/forgery';
import { isB64Token, isCompactJws, isPlainToken, MAX_KEY_LENGTH, MAX_TOKEN_LENGTH, type Credential } from './credential/credential';
import { digestOf } from './credential/digest';
import { sealPrincipal, type Principal } from './credential/principal';
import type { Reason } from './credential/reason';
import { flights, type Flights } from './flights';
import { isPromise } from './promises';
import { Revocations } from './revocations';
import { checkVerification, type Verification, type Verifier } from './verifiers/verifier';

/** A credential that was found and proven. */
export interface Passed {
  readonly ok: true;
  readonly principal: Principal;
  readonly carrier: Carrier;
}

/** What came of looking for a credential and proving it. */
export type Attempt =
  | Passed
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
  readonly lookUps: Flights<Answer>;
}

/** What a verifier said, and when it was asked: nothing that happened since is in its answer. */
interface Answer {
  readonly askedAt: number;
  readonly marks: number;
  readonly verification: Verification;
}

interface DeskProof extends Proof {
  readonly desk: Desk;
  /** What every request that brings the credential the same way gets. */
  readonly attempt: Passed;
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
    const now = Date.now();
    let desk: Desk | undefined;
    try {
      const known = proofs.fresh(digest, now);
      if (known?.attempt.carrier === carrier) return pass(known, carrier, now);
      if (!(carrier.scheme ? isB64Token(token) : isPlainToken(token))) return { ok: false, reason: 'malformed', carrier };
      const credential: Credential = { carrier: carrier.name, token };
      desk = route(credential);
      if (known && known.desk === desk) return pass(known, carrier, now);
      if (!desk) return { ok: false, reason: carrier.scheme && isCompactJws(token) ? 'bad_issuer' : 'unknown', carrier };
      return lookUp(desk, carrier, credential, digest);
    } catch (error) {
      return failed(desk, carrier, digest, error);
    }
  }

  const route = (credential: Credential): Desk | undefined => desks.find(({ verifier }) => verifier.accepts(credential));

  function lookUp(desk: Desk, carrier: Carrier, credential: Credential, digest: string): Attempt | Promise<Attempt> {
    const { lookUps, verifier, revocations } = desk;
    // A look-up that began before the last revocation answers none that was asked after it.
    const question = `${digest} ${carrier.name} ${revocations.count}`;
    let answer = cache ? lookUps.join(question) : undefined;
    if (!answer) {
      if (lookUps.full) throw new Error('Too many look-ups are waiting for an answer');
      const asked = { askedAt: Date.now(), marks: revocations.count };
      const verification = verifier.verify(credential);
      if (!isPromise(verification)) return settle(desk, carrier, digest, { ...asked, verification });
      answer = lookUps.start(
        question,
        verification.then((settled) => ({ ...asked, verification: settled })),
      );
    }
    return answer
      .then((answered) => settle(desk, carrier, digest, answered))
      .catch((error: unknown) => failed(desk, carrier, digest, error));
  }

  function settle(desk: Desk, carrier: Carrier, digest: string, { askedAt, marks, verification }: Answer): Attempt {
    const verifier = desk.verifier.name;
    const refused = (reason: Reason): Attempt => {
      proofs.drop(digest);
      return { ok: false, reason, carrier, verifier };
    };
    const now = Date.now();
    // Of many who waited for one look-up, the first to be told has sealed the proof already.
    const known = proofs.fresh(digest, now);
    if (known?.desk === desk && verification?.ok === true) return pass(known, carrier, now);

    checkVerification(verification, verifier);
    if (!verification.ok) return refused(verification.reason);
    const { until = Infinity, grantId, asOf, confirmation } = verification;
    if (now >= until) return refused('expired');
    const principal = sealPrincipal({ ...verification.principal, scopes: expandScopes(verification.principal.scopes) });
    const proof: DeskProof = {
      desk,
      attempt: { ok: true, principal, carrier },
      revocations: desk.revocations,
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
    return pass(proof, carrier, now);
  }

  function pass({ desk, attempt }: DeskProof, carrier: Carrier, now: number): Attempt {
    desk.verifier.seen?.(attempt.principal, now);
    return attempt.carrier === carrier ? attempt : { ...attempt, carrier };
  }

  function failed(desk: Desk | undefined, carrier: Carrier, digest: string, error: unknown): Attempt {
    const now = Date.now();
    const known = proofs.stale(digest, now);
    return known && known.desk === desk
      ? pass(known, carrier, now)
      : { ok: false, reason: 'unavailable', carrier, verifier: desk?.verifier.name, error };
  }

  return {
    authenticate,
    async close() {
      await Promise.all([...unwatch.map(async (end) => end?.()), ...verifiers.map(async (verifier) => verifier.close?.())]);
    },
  };
}
