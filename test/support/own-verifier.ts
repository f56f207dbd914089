import {
  latchkey,
  type LatchkeyOptions,
  type Principal,
  type RequestLike,
  type Verification,
  type Verifier,
} from 'latchkey';

export const principal: Principal = {
  kind: 'api_key',
  verifier: 'own',
  subject: 'acct_42',
  scopes: ['domains:read'],
  claims: {},
};
export const proven = { ok: true, principal } as const;

/** A verifier that someone wrote: it takes whatever comes, unless told otherwise. */
export function ownVerifier(members: Omit<Partial<Verifier>, 'verify'> = {}) {
  const verify = jest.fn((): Verification | Promise<Verification> => proven);
  return { name: 'own', accepts: () => true, verify, ...members };
}

export const underBearer = (token: string): RequestLike => ({
  headers: { authorization: `Bearer ${token}` },
});

/** Asks who calls, of a guard with these verifiers. */
export function asking(verifiers: readonly Verifier[], options: Partial<LatchkeyOptions> = {}) {
  const { check, close, flush } = latchkey({ verifiers, ...options });
  return {
    close,
    flush,
    ask: (request: RequestLike = underBearer('token')) => check(request, { scopes: [] }),
  };
}
