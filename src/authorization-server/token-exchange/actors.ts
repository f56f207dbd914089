import type { Actor } from './token-exchange';

/** The actors of tokens that are being issued: oidc-provider's models have no place for them. */
const actors = new WeakMap<object, Actor>();

/** Remembers who acts for the subject of a token. */
export const setActor = (token: object, actor: Actor): void => void actors.set(token, actor);

/** Returns who acts for the subject of a token. */
export const actorOf = (token: object): Actor | undefined => actors.get(token);
