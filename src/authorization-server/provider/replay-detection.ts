import type { Provider } from 'oidc-provider';

import { toDigest } from '../../credential/digest';
import type { StateStore } from '../../stores/store';
import type { WithDeadline } from './deadlines';

const GROUP = 'oauth:replay';

/** The static method of oidc-provider's model, which its types lack. */
interface ReplayModel {
  unique: (issuer: string, jti: string, exp: number) => Promise<boolean>;
}

/**
 * Lets each DPoP proof and each client assertion be used once. oidc-provider reads and then writes,
 * so two concurrent uses would both pass. The store decides in one step.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-11.1
 */
export function detectReplays(provider: Provider, store: StateStore, deadline: WithDeadline): void {
  const model = provider.ReplayDetection as unknown as ReplayModel;
  model.unique = (issuer, jti, exp) =>
    deadline(() =>
      store.setIfAbsent(GROUP, toDigest(JSON.stringify([issuer, jti])), '1', exp * 1000),
    );
}
