import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Interaction, Provider } from 'oidc-provider';

import { INTERACTION_TTL_S } from './time-to-live';

/** Where the cookies of an interaction are set. */
export interface CookiePlace {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Stores an interaction that oidc-provider did not start. */
export async function saveInteraction(
  provider: Provider,
  id: string,
  payload: Partial<StoredInteraction>,
): Promise<Interaction> {
  const Model = provider.Interaction as unknown as InteractionModel;
  const interaction = new Model(id, payload);
  await interaction.save(INTERACTION_TTL_S);
  return interaction;
}

/** Gives an interaction to a browser, as cookies for these paths. */
export function setInteractionCookies(
  provider: Provider,
  { uid }: Interaction,
  { req, res }: CookiePlace,
  paths: { readonly [N in 'interaction' | 'resume']?: string },
): void {
  const { cookies } = provider.createContext(req, res);
  for (const name of ['interaction', 'resume'] as const) {
    if (paths[name] !== undefined) {
      cookies.set(provider.cookieName(name), uid, {
        httpOnly: true,
        sameSite: 'lax',
        overwrite: true,
        maxAge: INTERACTION_TTL_S * 1000,
        path: paths[name],
      });
    }
  }
}

/** `parJti` and `deviceCode` are missing from the types of oidc-provider. */
export interface StoredInteraction extends Interaction {
  readonly parJti?: string;
  readonly deviceCode?: string;
}

/** The constructor's parameters are missing from the types of oidc-provider. */
type InteractionModel = new (id: string, payload: Partial<StoredInteraction>) => Interaction;
