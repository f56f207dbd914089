import type { IncomingMessage } from 'node:http';

import type { KoaContextWithOIDC, Provider } from 'oidc-provider';

/** A request of which we know by which URL the client sent it, and from where. */
export interface RoutedRequest extends IncomingMessage {
  endpointUrl?: string | undefined;
  /** The address that it comes from. */
  address?: string | undefined;
}

interface ContextPrototype {
  urlFor: (
    this: KoaContextWithOIDC['oidc'] & { readonly ctx: { readonly req: RoutedRequest } },
    name: string,
    options?: object,
  ) => string;
}

/**
 * Compares `htu` of DPoP proofs and `aud` of client assertions with the URL that the client used.
 * oidc-provider knows one path for each endpoint, at the host of the issuer.
 */
export function useEndpointUrls(provider: Provider, tokenUrl: string): void {
  const { OIDCContext } = provider as unknown as {
    readonly OIDCContext: { readonly prototype: ContextPrototype };
  };
  const { urlFor } = OIDCContext.prototype;
  OIDCContext.prototype.urlFor = function (name, options) {
    if (name === this.route && this.ctx.req.endpointUrl !== undefined) {
      return this.ctx.req.endpointUrl;
    }
    return name === 'token' ? tokenUrl : urlFor.call(this, name, options);
  };
}
