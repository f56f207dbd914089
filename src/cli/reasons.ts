import type { Reason } from '../credential/reason';
import type { RequestLike } from '../extractors/extractor';

/**
 * What an operator wants to know of a reason: what happened, by which rule, and how the caller
 * mends it.
 */
export interface ReasonGuide {
  readonly happened: string;
  readonly section: string;
  readonly mend: string;
}

const REASONS: Readonly<Record<Reason, ReasonGuide>> = {
  missing: {
    happened: 'The request has no credential where one is looked for.',
    section: 'RFC 6750 §3.1',
    mend: 'Send the key as "Authorization: Bearer …" or "X-API-Key: …". A cookie that another site sent does not count.',
  },
  multiple: {
    happened: 'The request has more than one credential, or one line twice.',
    section: 'RFC 6750 §2',
    mend: 'Send one credential, in one place.',
  },
  malformed: {
    happened:
      'The credential is not of a form that could be true: characters, length or checksum are wrong.',
    section: 'RFC 6750 §2.1',
    mend: 'Compare it with where it was copied from: cut off, quoted, with a space or a line break?',
  },
  unknown: {
    happened:
      'The form is right, but no record knows it, or no verifier takes this kind of credential in this place.',
    section: 'RFC 6750 §3.1',
    mend: 'Is it a key of this API, of this store, and in a place for its kind? Tokens do not go into X-API-Key.',
  },
  expired: {
    happened: 'It was good, and its time is over.',
    section: 'RFC 6750 §3.1',
    mend: 'Get a new token, or rotate the key.',
  },
  not_yet_valid: {
    happened: 'Its nbf is in the future, by more than the clock tolerance.',
    section: 'RFC 7519 §4.1.5',
    mend: 'Compare the clocks of issuer and API; clockToleranceMs bears a small difference.',
  },
  revoked: {
    happened: 'It was revoked.',
    section: 'RFC 6750 §3.1',
    mend: 'Issue a new one, unless it was revoked for a reason.',
  },
  disabled: {
    happened: 'It was disabled. It works again once it is enabled.',
    section: 'RFC 6750 §3.1',
    mend: 'Enable it with enable(), or ask who disabled it.',
  },
  bad_signature: {
    happened: 'No key of the issuer signed it by an algorithm that is allowed.',
    section: 'RFC 7515 §5.2',
    mend: 'Compare the header\'s "kid" and "alg" with the keys and algorithms of jwt().',
  },
  bad_issuer: {
    happened: 'It is a JWT, and this configuration has no verifier for JWTs of its issuer.',
    section: 'RFC 7519 §4.1.1',
    mend: 'With --store only API keys are known: give --config. The "issuer" of jwt() must be what "iss" says, to the letter: mind a slash at the end.',
  },
  bad_audience: {
    happened: 'It is for another API.',
    section: 'RFC 7519 §4.1.3',
    mend: 'Ask for a token for this audience, or compare the "audience" of jwt() with "aud".',
  },
  bad_type: {
    happened: 'It is another kind of token than an access token, an ID token perhaps.',
    section: 'RFC 8725 §3.11',
    mend: 'Send the access token. If the issuer has a "typ" of its own, name it in jwt({ typ }).',
  },
  bad_claim: {
    happened: 'A claim is missing or is not of its type.',
    section: 'RFC 7519 §4.1',
    mend: 'Look at exp, sub, client_id and the claim that holds the scopes; requiredClaims and scopeClaim say what is asked.',
  },
  wrong_environment: {
    happened: 'It is a key of another environment.',
    section: 'apiKeys({ environment })',
    mend: 'Use a key of this environment.',
  },
  bad_proof: {
    happened:
      'The token is bound to a key or certificate that was not shown, or not shown well; or it came under DPoP and is not bound.',
    section: 'RFC 9449 §7.1',
    mend: 'Send the proof that belongs to the token, made for this method and URL, by a clock that is right.',
  },
  replayed: {
    happened: 'The proof was used before.',
    section: 'RFC 9449 §11.1',
    mend: 'Make a new proof for each request.',
  },
  insufficient_scope: {
    happened: 'The credential is good and lacks a scope that the route asks for.',
    section: 'RFC 6750 §3.1',
    mend: 'Give the key the scope (latchkey keys update --scope), or ask for it with the token.',
  },
  denied: {
    happened: 'The credential is good, and the policy of the route said no.',
    section: 'RFC 9110 §15.5.4',
    mend: 'Look at the authorize() or requireFreshAuth() of the route.',
  },
  step_up: {
    happened: 'The login behind the token is too old or too weak for the route.',
    section: 'RFC 9470 §3',
    mend: 'Let the user log in again with the acr_values or max_age of the challenge.',
  },
  unavailable: {
    happened: "It could not be decided: the store or the issuer's keys could not be asked.",
    section: 'RFC 9110 §15.6.4',
    mend: 'Nothing is known against the credential. Look at the store: is it up, and quicker than timeoutMs?',
  },
};

/**
 * Returns the guide to a reason. Where the request itself shows the cause of a missing credential,
 * the guide says that.
 */
export function guideOf(reason: Reason, { headers }: RequestLike): ReasonGuide {
  const guide = REASONS[reason];
  if (reason !== 'missing') {
    return guide;
  }
  const underscored = Object.keys(headers).find(
    (name) => name.includes('_') && /key|token|auth/.test(name),
  );
  if (headers.authorization === undefined && underscored !== undefined) {
    return {
      ...guide,
      happened: `No credential is read from the header ${underscored}.`,
      mend: `Send "${underscored.replaceAll('_', '-')}" with hyphens: nginx and other proxies drop headers with an underscore.`,
    };
  }
  if (headers.authorization === undefined) {
    return guide;
  }
  return {
    ...guide,
    happened:
      'The request has an Authorization header, but its scheme is not Bearer or another that is configured.',
    mend: 'Send "Authorization: Bearer …": the word Bearer, a space, and the key or token. Or send a key as "X-API-Key: …".',
  };
}
