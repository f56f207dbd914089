import type { Client } from '../clients/client';

/**
 * A party that acts for the subject of a token. A chain of delegation has the current party first,
 * and earlier ones in `act`.
 * @see https://www.rfc-editor.org/rfc/rfc8693#section-4.1
 */
export interface Actor {
  /** Who acts. */
  readonly sub: string;
  /** Who acted before. @default none */
  readonly act?: Actor;
  /** Further claims that identify the party, such as `iss`. */
  readonly [claim: string]: unknown;
}

/** A request to exchange a token. Nothing of it is verified except the client. */
export interface TokenExchangeRequest {
  /** The client, which has authenticated unless it is public. */
  readonly client: Client;
  readonly subjectToken: string;
  /** What the token is, such as `urn:ietf:params:oauth:token-type:access_token`. */
  readonly subjectTokenType: string;
  /** A token of the party that is to act for the subject. */
  readonly actorToken: string | undefined;
  readonly actorTokenType: string | undefined;
  /** What the new token is for, out of `audience` of the server. */
  readonly audience: string;
  /** The requested scopes, or all scopes of the client if it requests none. */
  readonly scopes: readonly string[];
}

/** What to issue a token for. */
export interface TokenExchangeResult {
  /** `sub` of the new token. */
  readonly subject: string;
  /**
   * Scopes that the subject token allows. The new token has those of them that are requested.
   * @default the requested scopes
   */
  readonly scopes?: readonly string[];
  /**
   * Who acts for the subject, as `act` of the new token: delegation. Without it the client
   * impersonates the subject.
   * @default none
   */
  readonly actor?: string | Actor;
  /**
   * When the subject token expires, in milliseconds since the epoch. The new token expires no
   * later.
   * @default never
   */
  readonly expiresAt?: number;
}

/**
 * Verifies the subject token, with your own verifiers, and the actor token if there is one. Returns
 * whom the new token is for, or undefined if a token is invalid.
 */
export type TokenExchange = (
  request: TokenExchangeRequest,
) => TokenExchangeResult | undefined | Promise<TokenExchangeResult | undefined>;
