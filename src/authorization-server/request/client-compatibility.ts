/** What clients may do that the RFCs do not allow. Each is off by default. */
export interface ClientCompatibility {
  /** Accepts token requests as JSON. @default false */
  readonly jsonTokenRequests?: boolean;
  /** Accepts token requests that are forms with the media type of JSON. @default false */
  readonly formUnderJsonContentType?: boolean;
  /** Accepts `scope=read,write`. No scope may then have a comma in its name. @default false */
  readonly commaSeparatedScopes?: boolean;
  /** Accepts token requests by POST to the authorization endpoint. @default false */
  readonly tokenAtAuthorize?: boolean;
  /**
   * Ignores requested scopes that are not declared, such as `openid` and `offline_access`, and
   * extra spaces. A request that is left without a scope is still refused, and so is a declared
   * scope that the client may not have. @default false
   */
  readonly ignoreUnknownScopes?: boolean;
}
