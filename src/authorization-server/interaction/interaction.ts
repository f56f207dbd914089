import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Client } from '../clients/client';
import type { AuthorizationRequest } from './authorization-request';

/** The user who logged in. */
export interface User {
  /** `sub` of the tokens. */
  readonly subject: string;
  /** The name that the consent page shows. @default the subject */
  readonly name?: string;
  /** When the user logged in, in milliseconds since the epoch. @default now */
  readonly authTime?: number;
  /**
   * How the user logged in (`acr`).
   * @see https://www.rfc-editor.org/rfc/rfc9470#section-5
   */
  readonly acr?: string;
}

/** A requested scope, as the consent page shows it. */
export interface RequestedScope {
  /** The name of the scope. */
  readonly name: string;
  /** What the scope permits, as declared. */
  readonly description: string | undefined;
}

/**
 * An authorization request that waits for its user.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
 */
export interface Interaction {
  /** The client that sent the request. */
  readonly client: Client;
  /** The requested scopes. The client may have all of them. */
  readonly scopes: readonly RequestedScope[];
  /** Where the user is sent afterwards; undefined if the user connects a device (RFC 8628). */
  readonly redirectUri: string | undefined;
  /**
   * What else the client requested. A `login` of your own honours `prompt`, `maxAgeMs` and
   * `acrValues`.
   */
  readonly request: AuthorizationRequest;
  /**
   * When the request arrived, in milliseconds since the epoch. A later login is new: it satisfies
   * `prompt=login` and any `maxAgeMs`.
   */
  readonly startedAt: number;
  /**
   * Path of this page. Its forms are posted here, and a login of your own sends the user back here.
   */
  readonly path: string;
  /** Value of the hidden field `csrf_token`, which every form that is posted here must have. */
  readonly csrfToken: string;
  /** The form that was posted here; undefined for GET. */
  readonly form: URLSearchParams | undefined;
}

/**
 * Finds out who the user is. Returns the user, null if they gave up, or undefined if it has
 * responded to the request itself, with a page or a redirect.
 */
export type Login = (
  req: IncomingMessage,
  res: ServerResponse,
  interaction: Interaction,
) => User | null | undefined | Promise<User | null | undefined>;

/** An authorization request whose user has logged in. */
export interface ConsentInteraction extends Interaction {
  /** The user who has logged in. */
  readonly user: User;
  /** Whether the user has granted the same scopes to the client before, and has not revoked it. */
  readonly isGranted?: () => Promise<boolean>;
}

/**
 * Asks the user for consent. Returns the scopes that they agreed to, true for all of them, false
 * for none, or undefined if it has responded to the request itself.
 */
export type Consent = (
  req: IncomingMessage,
  res: ServerResponse,
  interaction: ConsentInteraction,
) => readonly string[] | boolean | undefined | Promise<readonly string[] | boolean | undefined>;
