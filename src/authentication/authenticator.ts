import { codedError } from '../internal/errors';
import { NO_CACHE, proofCache, type CacheLimits, type Proof } from './verification-cache';
import type { Extractor, ChallengeError, ProofOfPossession, RequestLike } from '../extractors/extractor';
import { isCrossSiteRequest } from '../extractors/csrf';
import { isB64Token, isCompactJws, isPlainToken, MAX_KEY_LENGTH, MAX_TOKEN_LENGTH, type Credential } from '../credential/credential';
import { digestFrom, fingerprintOf } from '../credential/digest';
import { freezePrincipal, type Principal } from '../credential/principal';
import type { Reason } from '../credential/reason';
import type { Confirmation } from '../credential/record';
import { flights, type Flights } from './in-flight';
import { callAll, isPromise, withDeadline } from '../internal/promises';
import { verifyPossession } from '../possession/possession';
import { Revocations } from './revocations';
import { checkVerification, type Verification, type Verifier } from '../verifiers/verifier';

/** A credential that was found and proven. */
export interface Passed {
  readonly ok: true;
  readonly principal: Principal;
  readonly extractor: Extractor;
  /** For the client's next proof of possession. */
  readonly nonce?: string;
}

/** A credential that was not proven, whatever request brought it. */
interface Unproven {
  readonly ok: false;
  readonly reason: Reason;
  readonly verifier?: string | undefined;
  /** For the operator: what exactly was wrong. */
  readonly detail?: string | undefined;
  /** For the operator: what kept us from deciding. */
  readonly error?: unknown;
}

interface Failed extends Unproven {
  /** Where the credential came from, if there was exactly one. */
  readonly extractor?: Extractor | undefined;
  /** What the request lacks beside its credential. */
  readonly demand?: ChallengeError | undefined;
}

/** What came of looking for a credential and proving it. */
export type Attempt = Passed | Failed;

export interface AuthenticatorOptions {
  readonly extractors: readonly Extractor[];
  readonly verifiers: readonly Verifier[];
  readonly cache: CacheLimits | false;
  readonly timeoutMs: number;
  /** Granted scopes → with all that they imply. */
  readonly expandScopes: (granted: readonly string[]) => readonly string[];
  /** What a credential may be bound to, whatever extractor brings it. */
  readonly possessions: readonly ProofOfPossession[];
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
 * The pipeline, one way: extractors → credential → fingerprint → cache → grammar → verifier → proof of possession → principal.
 * The client's fault comes back as a reason; whatever throws or is too slow is `unavailable`, never a way in.
 */
export function authenticator(options: AuthenticatorOptions): Authenticator {
  const { extractors, verifiers, cache, timeoutMs, expandScopes, possessions, origin } = options;
  const explicit = extractors.filter((extractor) => !extractor.ambient);
  const ambient = extractors.filter((extractor) => extractor.ambient);
  const retentionMs = timeoutMs + (cache ? cache.ttlMs + cache.staleIfErrorMs : 0);
  const desks = verifiers.map((verifier): Desk => ({ verifier, revocations: new Revocations(retentionMs), lookUps: flights() }));
  const proofs = cache ? proofCache<DeskProof>(cache) : NO_CACHE;
  const unwatch = desks.map(({ verifier, revocations, lookUps }) =>
    verifier.subscribe?.((mark) => {
      revocations.add(mark);
      // A look-up that began before a revocation answers none that is asked after it.
      lookUps.forget();
    }),
  );

  function authenticate(request: RequestLike): Attempt | Promise<Attempt> {
    let found: Extractor | undefined;
    let token = '';
    for (const extractor of explicit) {
      if (extractor.isRepeated?.(request)) return MULTIPLE;
      const extracted = extractor.extract(request);
      if (extracted === undefined) continue;
      if (found) return MULTIPLE;
      found = extractor;
      token = extracted;
    }
    if (found) return judge(request, found, token);
    for (const extractor of ambient) {
      const extracted = extractor.extract(request);
      if (extracted !== undefined && !isCrossSiteRequest(request, extractor.origins)) return judge(request, extractor, extracted);
    }
    return MISSING;
  }

  function judge(request: RequestLike, extractor: Extractor, token: string): Attempt | Promise<Attempt> {
    const now = Date.now();
    const proven = prove(extractor, token, now);
    return isPromise(proven)
      ? proven.then((settled) => conclude(request, extractor, settled, Date.now()))
      : conclude(request, extractor, proven, now);
  }

  function prove(extractor: Extractor, token: string, now: number): DeskProof | Unproven | Promise<DeskProof | Unproven> {
    if (token.length > (extractor.scheme ? MAX_TOKEN_LENGTH : MAX_KEY_LENGTH)) return MALFORMED;
    const fingerprint = fingerprintOf(token);
    let desk: Desk | undefined;
    try {
      const known = proofs.fresh(fingerprint, now);
      if (known?.attempt.extractor === extractor) return known;
      if (!(extractor.scheme ? isB64Token(token) : isPlainToken(token))) return MALFORMED;
      const credential: Credential = { extractor: extractor.name, token };
      desk = route(credential);
      if (known && known.desk === desk) return known;
      if (!desk) return { ok: false, reason: extractor.scheme && isCompactJws(token) ? 'bad_issuer' : 'unknown' };
      return lookUp(desk, extractor, credential, fingerprint, now);
    } catch (error) {
      return failed(desk, fingerprint, error);
    }
  }

  const route = (credential: Credential): Desk | undefined => desks.find(({ verifier }) => verifier.accepts(credential));

  function lookUp(
    desk: Desk,
    extractor: Extractor,
    credential: Credential,
    fingerprint: string,
    now: number,
  ): DeskProof | Unproven | Promise<DeskProof | Unproven> {
    const { lookUps, verifier, revocations } = desk;
    const underWay = cache ? lookUps.join(fingerprint) : undefined;
    if (underWay) return underWay;
    if (lookUps.full) throw codedError('ERR_LATCHKEY_OVERLOADED', 'Too many look-ups are waiting for an answer');
    const asked: Asked = { provenAt: now, upAt: performance.now(), marks: revocations.count };
    const verification = verifier.verify(credential);
    if (!isPromise(verification)) return settle(desk, extractor, fingerprint, asked, verification);
    return lookUps.start(fingerprint, awaited(desk, extractor, fingerprint, asked, verification));
  }

  async function awaited(desk: Desk, extractor: Extractor, fingerprint: string, asked: Asked, verification: PromiseLike<Verification>) {
    try {
      return settle(desk, extractor, fingerprint, asked, await withDeadline(verification, timeoutMs));
    } catch (error) {
      return failed(desk, fingerprint, error);
    }
  }

  function settle(desk: Desk, extractor: Extractor, fingerprint: string, asked: Asked, verification: Verification): DeskProof | Unproven {
    const verifier = desk.verifier.name;
    const refused = (reason: Reason, detail?: string): Unproven => {
      proofs.drop(fingerprint);
      return { ok: false, reason, verifier, detail };
    };
    checkVerification(verification, verifier);
    if (!verification.ok) return refused(verification.reason, verification.detail);
    const { expiresAt = Infinity, grantId, issuedAt, confirmation } = verification;
    if (Date.now() >= expiresAt) return refused('expired');
    const principal = freezePrincipal({ ...verification.principal, scopes: expandScopes(verification.principal.scopes) });
    const proof: DeskProof = {
      ok: true,
      desk,
      confirmation: confirmation && Object.keys(confirmation).length > 0 ? Object.freeze({ ...confirmation }) : undefined,
      attempt: { ok: true, principal, extractor },
      revocations: desk.revocations,
      digest: digestFrom(fingerprint),
      principal,
      expiresAt,
      grantId,
      issuedAt,
      ...asked,
    };
    const revoked = desk.revocations.voids(proof);
    if (revoked && issuedAt !== undefined) return refused('revoked');
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

  function conclude(request: RequestLike, extractor: Extractor, proven: DeskProof | Unproven, now: number): Attempt | Promise<Attempt> {
    if (!proven.ok) return failure(proven, extractor);
    return proven.confirmation || extractor.possession ? possess(request, extractor, proven) : pass(extractor, proven, now);
  }

  /** What a credential is bound to has to be shown by every request anew, whatever the cache holds. */
  async function possess(request: RequestLike, extractor: Extractor, proof: DeskProof): Promise<Attempt> {
    const { digest, confirmation, desk } = proof;
    try {
      const shown = await withDeadline(
        verifyPossession(request, confirmation, extractor.possession, possessions, { digest, origin }),
        timeoutMs,
      );
      if (!shown.ok) return { ...shown, extractor, verifier: desk.verifier.name };
      const passed = pass(extractor, proof, Date.now());
      return passed.ok && shown.nonce !== undefined ? { ...passed, nonce: shown.nonce } : passed;
    } catch (error) {
      return failure(undecided(desk, error), extractor);
    }
  }

  function pass(extractor: Extractor, { desk, attempt }: DeskProof, now: number): Attempt {
    try {
      desk.verifier.onUsed?.(attempt.principal, now);
    } catch (error) {
      return failure(undecided(desk, error), extractor);
    }
    return attempt.extractor === extractor ? attempt : { ...attempt, extractor };
  }

  /** Member by member: a spread costs more than all else that junk is asked. */
  const failure = ({ reason, verifier, detail, error }: Unproven, extractor: Extractor): Failed => ({
    ok: false,
    reason,
    extractor,
    verifier,
    detail,
    error,
  });

  return {
    authenticate,
    async close() {
      await callAll([...unwatch.map((end) => () => end?.()), ...verifiers.map((verifier) => () => verifier.close?.())]);
    },
  };
}
