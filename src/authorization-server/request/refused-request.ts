import { english } from '../pages/texts/en';
import type { MessageKey } from '../pages/texts/texts';

/** A request that we refuse ourselves. The message is for the client. */
export class RefusedRequest extends Error {
  /** What a user reads if the response is a page. */
  readonly text: MessageKey = 'badRequest';

  constructor(
    message: string,
    readonly status = 400,
    readonly headers: Readonly<Record<string, string>> = {},
    /** An error code of RFC 6749 §5.2. */
    readonly error = 'invalid_request',
  ) {
    super(message);
  }
}

export interface RefusedPageOptions {
  /** @default 400 */
  readonly status?: number;
  /** @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the operator gets. @default the English text */
  readonly reason?: string;
}

/** A user's request that is rejected with an error page. */
export class RefusedPage extends RefusedRequest {
  constructor(
    override readonly text: MessageKey,
    { status, headers, reason = english[text] }: RefusedPageOptions = {},
  ) {
    super(reason, status, headers);
  }
}
