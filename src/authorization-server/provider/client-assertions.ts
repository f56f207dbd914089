import type { Configuration, errors } from 'oidc-provider';

/** How long an assertion may be valid and is stored, so that it is used only once. In seconds. */
const MAX_LIFETIME_S = 3_600;

type AssertionCheck = NonNullable<Configuration['assertJwtClientAuthClaimsAndHeader']>;

/**
 * Rejects an assertion that is valid for too long.
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-3
 */
export const clientAssertionCheck =
  ({ InvalidClientAuth }: typeof errors): AssertionCheck =>
  (_ctx, { exp }) => {
    const isShort = typeof exp === 'number' && exp <= Date.now() / 1000 + MAX_LIFETIME_S;
    if (!isShort) {
      throw new InvalidClientAuth('the client assertion is valid for more than an hour');
    }
  };
