import type { Command } from 'commander';

import type { GrantType } from '../../authorization-server/clients/client';
import { omitUndefined } from '../../internal/objects';
import { collect } from '../option-parsers';
import type { SharedOptions } from './context';

/** Options of a client that can be registered and changed. */
export interface ClientSettings extends SharedOptions {
  readonly name?: string;
  readonly scope?: readonly string[];
  readonly redirectUri?: readonly string[];
  readonly grantType?: readonly GrantType[];
  readonly resourceServer?: boolean;
}

/** Adds the options of a client that can be registered and changed. */
export const withSettings = (command: Command): Command =>
  command
    .option(
      '--scope <scopes>',
      'scopes that it may request, which replace all old ones; may be repeated',
      collect,
    )
    .option('--redirect-uri <uri>', 'where users are sent back to; may be repeated', collectUris)
    .option(
      '--grant-type <type>',
      'authorization_code, refresh_token, client_credentials; may be repeated',
      collect,
    )
    .option('--resource-server', 'an API that may introspect all tokens')
    .option('--no-resource-server', 'a client that may introspect only its own tokens');

/** A URI may contain commas. */
const collectUris = (uri: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  uri,
];

/** Returns the members of a client that the options name. */
export const settingsIn = ({
  name,
  scope,
  redirectUri,
  grantType,
  resourceServer,
}: ClientSettings) =>
  omitUndefined({
    name,
    scopes: scope,
    redirectUris: redirectUri,
    grantTypes: grantType,
    resourceServer,
  });
