import type { Reason } from '../credential/reason';
import type { RequestLike } from '../extractors/extractor';

/** What an operator can do about a reason. */
export interface ReasonGuide {
  /** Why the request was rejected. */
  readonly cause: string;
  /** The section of the RFC, or the option, that requires it. */
  readonly section: string;
  /** What the client or the operator can do. */
  readonly fix: string;
}

const REASONS: Readonly<Record<Reason, ReasonGuide>> = {
  missing: {
    cause: 'The request has no credential in any place that the API reads.',
    section: 'RFC 6750 §3.1',
    fix: 'Send the key as "Authorization: Bearer …" or "X-API-Key: …". A cookie is ignored in a request from another site.',
  },
  multiple: {
    cause: 'The request has more than one credential, or the same header twice.',
    section: 'RFC 6750 §2',
    fix: 'Send one credential, in one place.',
  },
  malformed: {
    cause:
      'The credential is malformed: it has invalid characters, a wrong length or a wrong checksum.',
    section: 'RFC 6750 §2.1',
    fix: 'Compare it with the original. It may be cut off, in quotes, or contain a space or a line break.',
  },
  unknown: {
    cause:
      'The credential is well-formed, but the store has no record of it, or no verifier accepts its kind in this place.',
    section: 'RFC 6750 §3.1',
    fix: 'Check that the key belongs to this API and this store. Send tokens in Authorization, not in X-API-Key.',
  },
  expired: {
    cause: 'The credential has expired.',
    section: 'RFC 6750 §3.1',
    fix: 'Get a new token, or rotate the key.',
  },
  not_yet_valid: {
    cause: 'The nbf of the token is in the future, by more than the clock tolerance.',
    section: 'RFC 7519 §4.1.5',
    fix: 'Compare the clocks of the issuer and the API. Raise clockToleranceMs if they differ a little.',
  },
  revoked: {
    cause: 'The credential was revoked.',
    section: 'RFC 6750 §3.1',
    fix: 'Issue a new one, unless it was revoked on purpose.',
  },
  disabled: {
    cause: 'The credential is disabled. It works again when it is enabled.',
    section: 'RFC 6750 §3.1',
    fix: 'Enable it (latchkey keys enable), unless it was disabled on purpose.',
  },
  bad_signature: {
    cause: 'No key of the issuer verifies the signature of the token with an accepted algorithm.',
    section: 'RFC 7515 §5.2',
    fix: 'Compare "kid" and "alg" in the header of the token with the keys and algorithms of jwt().',
  },
  bad_issuer: {
    cause: 'The credential is a JWT, and no verifier accepts JWTs of its issuer.',
    section: 'RFC 7519 §4.1.1',
    fix: 'With --store, only API keys are verified: pass --config. The option "issuer" of jwt() must be identical to "iss", including a slash at the end.',
  },
  bad_audience: {
    cause: 'The token was issued for another API.',
    section: 'RFC 7519 §4.1.3',
    fix: 'Request a token for this audience, or compare the option "audience" of jwt() with "aud".',
  },
  bad_type: {
    cause: 'The token is not an access token. It may be an ID token.',
    section: 'RFC 8725 §3.11',
    fix: 'Send the access token. If the issuer uses another "typ", pass it to jwt({ typ }).',
  },
  bad_claim: {
    cause: 'A claim of the token is missing or has the wrong type.',
    section: 'RFC 7519 §4.1',
    fix: 'Check exp, sub, client_id and the claim that holds the scopes. The options requiredClaims and scopeClaim decide what is required.',
  },
  wrong_environment: {
    cause: 'The key belongs to another environment.',
    section: 'apiKeys({ environment })',
    fix: 'Use a key of this environment.',
  },
  bad_proof: {
    cause:
      'The token is bound to a key or certificate, and the request does not prove possession of it. Or it was sent as DPoP and is not bound.',
    section: 'RFC 9449 §7.1',
    fix: 'Send a proof by the key of the token, for this method and URL. Check the clock of the client.',
  },
  replayed: {
    cause: 'The DPoP proof was used before.',
    section: 'RFC 9449 §11.1',
    fix: 'Create a new proof for each request.',
  },
  insufficient_scope: {
    cause: 'The credential is valid, but lacks a scope that the route requires.',
    section: 'RFC 6750 §3.1',
    fix: 'Add the scope to the key (latchkey keys update --scope), or request it for the token.',
  },
  denied: {
    cause: 'The credential is valid, but the policy of the route rejected the request.',
    section: 'RFC 9110 §15.5.4',
    fix: 'Check the authorize() or requireFreshAuth() of the route.',
  },
  step_up: {
    cause: 'The login behind the token is too old or too weak for the route.',
    section: 'RFC 9470 §3',
    fix: 'Let the user log in again with the acr_values or max_age of the challenge.',
  },
  unavailable: {
    cause:
      'The credential could not be verified: the store or the keys of the issuer are unavailable.',
    section: 'RFC 9110 §15.6.4',
    fix: 'The credential may be valid. Check that the store is up and responds within timeoutMs.',
  },
};

/**
 * Returns the guide to a reason. If the request shows why a credential is missing, the guide says
 * so.
 */
export function guideTo(reason: Reason, { headers }: RequestLike): ReasonGuide {
  const guide = REASONS[reason];
  if (reason !== 'missing') {
    return guide;
  }
  if (headers.authorization !== undefined) {
    return {
      ...guide,
      cause: 'The Authorization header has another scheme than Bearer or one that you configured.',
      fix: 'Send "Authorization: Bearer …": the word Bearer, a space, and the key or token. Or send a key as "X-API-Key: …".',
    };
  }
  const dropped = Object.keys(headers).find(
    (name) => name.includes('_') && /key|token|auth/.test(name),
  );
  if (dropped === undefined) {
    return guide;
  }
  return {
    ...guide,
    cause: `The header ${dropped} is not read.`,
    fix: `Send "${dropped.replaceAll('_', '-')}" with hyphens: nginx and other proxies drop headers with an underscore.`,
  };
}
