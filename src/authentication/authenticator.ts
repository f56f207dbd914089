import { NO_CACHE, proofCache, type CacheLimits, type Proof } from './verification-cache';
import type { Carrier, Demand, Possession, RequestLike } from '../extractors/extractor';
import { isForgeable } from '../extractors/csrf';
import { isB64Token, isCompactJws, isPlainToken, MAX_KEY_LENGTH, MAX_TOKEN_LENGTH, type Credential } from '../credential/credential';
import { digestFrom, fingerprintOf } from '../credential/digest';
import { sealPrincipal, type Principal } from '../credential/principal';
import type { Reason } from '../credential/reason';
import type { Confirmation } from '../credential/record';
import { flights, type Flights } from './in-flight';
import { isPromise, withDeadline } from '../internal/promises';
import { showsAll } from '../possession/possession';
import { Revocations } from './revocations';
import { checkVerification, type Verification, type Verifier } from '../verifiers/verifier';

/** A credential that was found and proven. */
export interface Passed {
  readonly ok: true;
  readonly principal: Principal;
  readonly carrier: Carrier;
  /** For the client's next proof of possession. */
  readonly nonce?: string;
}

/** A credential that was not proven, whatever request brought it. */
interface Unproven {
  readonly ok: false;
  readonly reason: Reason;
  readonly verifier?: string | undefined;
  /** For the operator: what kept us from deciding. */
  readonly error?: unknown;
}

interface Failed extends Unproven {
  /** Where the credential came from, if there was exactly one. */
  readonly carrier?: Carrier | undefined;
  /** What the request lacks beside its credential. */
  readonly demand?: Demand | undefined;
}

/** What came of looking for a credential and proving it. */
export type Attempt = Passed | Failed;

export interface AuthenticatorOptions {
  readonly carriers: readonly Carrier[];
  readonly verifiers: readonly Verifier[];
  readonly cache: CacheLimits | false;
  readonly timeoutMs: number;
  /** Granted scopes → with all that they imply. */
  readonly expandScopes: (granted: readonly string[]) => readonly string[];
  /** What a credential may be bound to, whatever carrier brings it. */
  readonly possessions: readonly Possession[];
  /** Public origin of the API. */
  readonly origin: string | undefined;
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
  readonly lookUps: Flights<DeskProof | Unproven>;
}

/** When a verifier was asked: nothing that happened since is in its answer. */
type Asked = Pick<DeskProof, 'provenAt' | 'upAt' | 'marks'>;

interface DeskProof extends Proof {
  readonly ok: true;
  readonly desk: Desk;
  /** What every request has to show that brings the credential. */
  readonly confirmation: Confirmation | undefined;
  /** What every request that brings the credential the same way gets. */
  readonly attempt: Passed;
}

const MISSING: Attempt = Object.freeze({ ok: false, reason: 'missing' });
const MULTIPLE: Attempt = Object.freeze({ ok: false, reason: 'multiple' });
const MALFORMED: Unproven = Object.freeze({ ok: false, reason: 'malformed' });

/**
 * The pipeline, one way: carriers → credential → fingerprint → cache → grammar → verifier → proof of possession → principal.
 * The client's fault comes back as a reason; whatever throws or is too slow is `unavailable`, never a way in.
 */
export function authenticator(options: AuthenticatorOptions): Authenticator {
  const { carriers, verifiers, cache, timeoutMs, expandScopes, possessions, origin } = options;
  const explicit = carriers.filter((carrier) => !carrier.ambient);
  const ambient = carriers.filter((carrier) => carrier.ambient);
  const retentionMs = timeoutMs + (cache ? cache.ttlMs + cache.staleIfErrorMs : 0);
  const desks = verifiers.map((verifier): Desk => ({ verifier, revocations: new Revocations(retentionMs), lookUps: flights() }));
  const proofs = cache ? proofCache<DeskProof>(cache) : NO_CACHE;
  const unwatch = desks.map(({ verifier, revocations, lookUps }) =>
    verifier.watch?.((mark) => {
      revocations.add(mark);
      // A look-up that began before a revocation answers none that is asked after it.
      lookUps.forget();
    }),
  );

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
    if (found) return judge(request, found, token);
    for (const carrier of ambient) {
      const extracted = carrier.extract(request);
      if (extracted !== undefined && !isForgeable(request, carrier.origins)) return judge(request, carrier, extracted);
    }
    return MISSING;
  }

  function judge(request: RequestLike, carrier: Carrier, token: string): Attempt | Promise<Attempt> {
    const now = Date.now();
    const proven = prove(carrier, token, now);
    return isPromise(proven)
      ? proven.then((settled) => conclude(request, carrier, settled, Date.now()))
      : conclude(request, carrier, proven, now);
  }

  function prove(carrier: Carrier, token: string, now: number): DeskProof | Unproven | Promise<DeskProof | Unproven> {
    if (token.length > (carrier.scheme ? MAX_TOKEN_LENGTH : MAX_KEY_LENGTH)) return MALFORMED;
    const fingerprint = fingerprintOf(token);
    let desk: Desk | undefined;
    try {
      const known = proofs.fresh(fingerprint, now);
      if (known?.attempt.carrier === carrier) return known;
      if (!(carrier.scheme ? isB64Token(token) : isPlainToken(token))) return MALFORMED;
      const credential: Credential = { carrier: carrier.name, token };
      desk = route(credential);
      if (known && known.desk === desk) return known;
      if (!desk) return { ok: false, reason: carrier.scheme && isCompactJws(token) ? 'bad_issuer' : 'unknown' };
      return lookUp(desk, carrier, credential, fingerprint, now);
    } catch (error) {
      return failed(desk, fingerprint, error);
    }
  }

  const route = (credential: Credential): Desk | undefined => desks.find(({ verifier }) => verifier.accepts(credential));

  function lookUp(
    desk: Desk,
    carrier: Carrier,
    credential: Credential,
    fingerprint: string,
    now: number,
  ): DeskProof | Unproven | Promise<DeskProof | Unproven> {
    const { lookUps, verifier, revocations } = desk;
    const underWay = cache ? lookUps.join(fingerprint) : undefined;
    if (underWay) return underWay;
    if (lookUps.full) throw new Error('Too many look-ups are waiting for an answer');
    const asked: Asked = { provenAt: now, upAt: performance.now(), marks: revocations.count };
    const verification = verifier.verify(credential);
    if (!isPromise(verification)) return settle(desk, carrier, fingerprint, asked, verification);
    return lookUps.start(fingerprint, awaited(desk, carrier, fingerprint, asked, verification));
  }

  async function awaited(desk: Desk, carrier: Carrier, fingerprint: string, asked: Asked, verification: PromiseLike<Verification>) {
    try {
      return settle(desk, carrier, fingerprint, asked, await withDeadline(verification, timeoutMs));
    } catch (error) {
      return failed(desk, fingerprint, error);
    }
  }

  function settle(desk: Desk, carrier: Carrier, fingerprint: string, asked: Asked, verification: Verification): DeskProof | Unproven {
    const verifier = desk.verifier.name;
    const refused = (reason: Reason): Unproven => {
      proofs.drop(fingerprint);
      return { ok: false, reason, verifier };
    };
    checkVerification(verification, verifier);
    if (!verification.ok) return refused(verification.reason);
    const { until = Infinity, grantId, asOf, confirmation } = verification;
    if (Date.now() >= until) return refused('expired');
    const principal = sealPrincipal({ ...verification.principal, scopes: expandScopes(verification.principal.scopes) });
    const proof: DeskProof = {
      ok: true,
      desk,
      confirmation: confirmation && Object.keys(confirmation).length > 0 ? Object.freeze({ ...confirmation }) : undefined,
      attempt: { ok: true, principal, carrier },
      revocations: desk.revocations,
      digest: digestFrom(fingerprint),
      principal,
      until,
      grantId,
      asOf,
      ...asked,
    };
    const revoked = desk.revocations.voids(proof);
    if (revoked && asOf !== undefined) return refused('revoked');
    if (!revoked) proofs.keep(fingerprint, proof);
    return proof;
  }

  function failed(desk: Desk | undefined, fingerprint: string, error: unknown): DeskProof | Unproven {
    const known = proofs.stale(fingerprint, Date.now());
    return known && known.desk === desk ? known : undecided(desk, error);
  }

  const undecided = (desk: Desk | undefined, error: unknown): Unproven => ({
    ok: false,
    reason: 'unavailable',
    verifier: desk?.verifier.name,
    error,
  });

  function conclude(request: RequestLike, carrier: Carrier, proven: DeskProof | Unproven, now: number): Attempt | Promise<Attempt> {
    if (!proven.ok) return failure(proven, carrier);
    return proven.confirmation || carrier.possession ? possess(request, carrier, proven) : pass(carrier, proven, now);
  }

  /** What a credential is bound to has to be shown by every request anew, whatever the cache holds. */
  async function possess(request: RequestLike, carrier: Carrier, proof: DeskProof): Promise<Attempt> {
    const { digest, confirmation, desk } = proof;
    try {
      const shown = await withDeadline(showsAll(request, confirmation, carrier.possession, possessions, { digest, origin }), timeoutMs);
      if (!shown.ok) return { ...shown, carrier, verifier: desk.verifier.name };
      const passed = pass(carrier, proof, Date.now());
      return passed.ok && shown.nonce !== undefined ? { ...passed, nonce: shown.nonce } : passed;
    } catch (error) {
      return failure(undecided(desk, error), carrier);
    }
  }

  function pass(carrier: Carrier, { desk, attempt }: DeskProof, now: number): Attempt {
    try {
      desk.verifier.seen?.(attempt.principal, now);
    } catch (error) {
      return failure(undecided(desk, error), carrier);
    }
    return attempt.carrier === carrier ? attempt : { ...attempt, carrier };
  }

  /** Member by member: a spread costs more than all else that junk is asked. */
  const failure = ({ reason, verifier, error }: Unproven, carrier: Carrier): Failed => ({ ok: false, reason, carrier, verifier, error });

  return {
    authenticate,
    async close() {
      await Promise.all([...unwatch.map(async (end) => end?.()), ...verifiers.map(async (verifier) => verifier.close?.())]);
    },
  };
}
