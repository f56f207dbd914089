import { challenge } from '../../src/http/challenge';

it('sends its parameters in the order of the contract, however they were given', () => {
  expect(
    challenge('Bearer', {
      resource_metadata: 'https://api.osir.com/.well-known/oauth-protected-resource',
      algs: 'ES256',
      max_age: '300',
      acr_values: 'urn:mfa',
      scope: 'domains:write',
      error_description: 'Why',
      error: 'invalid_token',
      realm: 'api',
    }),
  ).toBe(
    'Bearer realm="api", error="invalid_token", error_description="Why", scope="domains:write", acr_values="urn:mfa", max_age="300", algs="ES256", resource_metadata="https://api.osir.com/.well-known/oauth-protected-resource"',
  );
});

it('leaves out what is undefined', () => {
  expect(challenge('DPoP', { realm: undefined, error: 'invalid_token', scope: undefined })).toBe(
    'DPoP error="invalid_token"',
  );
});

it('is only the scheme if there is no parameter', () => {
  expect([challenge('Bearer', {}), challenge('Bearer', { scope: undefined })]).toEqual([
    'Bearer',
    'Bearer',
  ]);
});
