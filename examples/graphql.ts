// GraphQL with graphql-http: check() provides the context, and each field requires its scope.
import { STATUS_CODES } from 'node:http';

import express from 'express';
import { GraphQLError, GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import type { Response } from 'graphql-http';
import { createHandler } from 'graphql-http/lib/use/express';
import {
  apiKeys,
  hasScopes,
  latchkey,
  memoryStore,
  type Principal,
  type RequestLike,
} from 'latchkey';

import { bearing, curl, header, serve } from './support/serve';

const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
const { check } = latchkey({ scopes: ['domains:read', 'billing:read'], verifiers: [keys] });

interface Context extends Record<PropertyKey, unknown> {
  readonly principal: Principal | undefined;
}

/**
 * A request without a credential may query public fields. One with an invalid credential is
 * rejected.
 */
async function contextOf(request: RequestLike): Promise<Context | Response> {
  const decision = await check(request);
  if (decision.status !== 'refused') {
    return { principal: decision.status === 'authenticated' ? decision.principal : undefined };
  }
  const { status, headers, body } = decision.refusal;
  const fields = Object.entries(headers).map(
    ([name, value]) => [name, [value].flat().join(', ')] as const,
  );
  return [
    body,
    { status, statusText: STATUS_CODES[status] ?? '', headers: Object.fromEntries(fields) },
  ];
}

/**
 * Wraps a resolver that requires a scope. Without the scope the field is an error, and the other
 * fields are returned.
 */
const withScope =
  <T>(scope: string, resolve: (principal: Principal) => T) =>
  (_parent: unknown, _args: unknown, { principal }: Context): T => {
    if (principal && hasScopes(principal, scope)) {
      return resolve(principal);
    }
    throw new GraphQLError('Forbidden', {
      extensions: { code: principal ? 'FORBIDDEN' : 'UNAUTHENTICATED' },
    });
  };

const query = new GraphQLObjectType<unknown, Context>({
  name: 'Query',
  fields: {
    version: { type: GraphQLString, resolve: () => '1.0' },
    me: { type: GraphQLString, resolve: (_parent, _args, { principal }) => principal?.subject },
    domains: { type: GraphQLInt, resolve: withScope('domains:read', () => 3) },
    balance: { type: GraphQLInt, resolve: withScope('billing:read', () => 42) },
  },
});

const app = express();
app.use(
  '/graphql',
  createHandler<Context>({
    schema: new GraphQLSchema({ query }),
    context: ({ raw }) => contextOf(raw),
  }),
);

const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] });
const ask = (fields: string, ...args: string[]) =>
  curl(
    '/graphql',
    '-X POST',
    header('Content-Type', 'application/json'),
    `-d '{"query":"{ ${fields} }"}'`,
    ...args,
  );

serve('The GraphQL API', app, [
  ['the caller, and a field with its scope: 200', ask('me domains', bearing(secret))],
  [
    'a field without its scope, an error next to the other fields: 200',
    ask('domains balance', bearing(secret)),
  ],
  ['a public field, without a key: 200', ask('version me')],
  ['an invalid key, even for a public field: 401', ask('version', bearing('osir_live_wrong'))],
]);
