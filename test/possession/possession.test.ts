import type { ProofOfPossession } from '../../src/extractors/extractor';
import { verifyPossession } from '../../src/possession/possession';

/** Proves its member if the value is `'own'`. */
const proofOf = (member: string): ProofOfPossession => ({
  member,
  check: (_request, value) =>
    value === 'own' ? { ok: true, nonce: member } : { ok: false, reason: 'bad_proof' },
});
const context = { digest: 'd', origin: undefined };
const verify = (
  confirmation: object | undefined,
  required?: string,
  known: readonly string[] = ['x5t#S256'],
) =>
  verifyPossession(
    { headers: {} },
    {
      confirmation: confirmation as never,
      required: required === undefined ? undefined : proofOf(required),
    },
    known.map(proofOf),
    context,
  );
const REJECTED = { ok: false, reason: 'bad_proof' };

describe('a member of cnf', () => {
  it.each<[string, object, string | undefined]>([
    ['a known method', { 'x5t#S256': 'own' }, undefined],
    ['the method that the extractor requires', { jkt: 'own' }, 'jkt'],
    ['both', { jkt: 'own', 'x5t#S256': 'own' }, 'jkt'],
    ['a known method and an unknown member', { jkt: 'own', 'kc-jkt-type': 'DPoP' }, 'jkt'],
    [
      'a known method after unknown members',
      { osc: {}, tpm: 1, __proto__x: null, 'x5t#S256': 'own' },
      undefined,
    ],
    ['a method that is not registered but known here', { own: 'own' }, 'own'],
  ])('is verified: %s', async (_, confirmation, required) => {
    expect(await verify(confirmation, required)).toMatchObject({ ok: true });
  });

  it.each<[string, object, string | undefined]>([
    ['that is registered and cannot be verified here', { jkt: 'own' }, undefined],
    ...['jwk', 'jwe', 'jku', 'kid'].map((name): [string, object, string] => [
      `${name} beside the required one`,
      { jkt: 'own', [name]: 'own' },
      'jkt',
    ]),
    ['that fails beside one that does not', { jkt: 'own', 'x5t#S256': 'other' }, 'jkt'],
    ['that nobody knows, alone', { 'kc-jkt-type': 'DPoP' }, undefined],
    ['that differs only in case, alone', { JKT: 'own' }, undefined],
    ['that nobody knows, where a method is required', { 'kc-jkt-type': 'DPoP' }, 'jkt'],
  ])('rejects: %s', async (_, confirmation, required) => {
    expect(await verify(confirmation, required)).toEqual(REJECTED);
  });

  it('is not needed if the extractor requires nothing', async () => {
    expect(await verify(undefined)).toEqual({ ok: true, nonce: undefined });
    expect(await verify(undefined, 'jkt')).toEqual(REJECTED);
  });
});
