import type { Client } from '../clients/client';
import { isLoopbackHttps } from '../clients/redirect-uris';
import type { Grant } from '../grant-records';
import type { Interaction } from './interaction';

/**
 * Whether the consent page can be skipped: earlier grants have the same client and all
 * scopes. A client that anyone can pretend to be, and one that nobody verified, is never covered.
 * Neither is a device: it may be another one than before.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8252#section-8.6
 */
export function isCoveredBy(interaction: Interaction, grants: readonly Grant[]): boolean {
  const { client, request, redirectUri, scopes } = interaction;
  const isDevice = redirectUri === undefined;
  if (isDevice || !isIdentified(client, redirectUri) || request.prompt.includes('consent')) {
    return false;
  }
  const own = grants.filter(
    ({ clientId, audience }) =>
      clientId === client.clientId && request.resource.every((one) => audience.includes(one)),
  );
  return own.some((grant) => scopes.every(({ name }) => grant.scopes.includes(name)));
}

/**
 * Whether nobody else can receive what is sent to a redirect URI of the client. Without one, anyone
 * can pretend to be a public client.
 */
export const isIdentified = (
  { verified, type }: Client,
  redirectUri: string | undefined,
): boolean =>
  verified &&
  (type === 'confidential' ||
    // Any app of the user's machine can receive what is sent to a loopback host.
    (redirectUri?.startsWith('https:') === true && !isLoopbackHttps(redirectUri)));
