import type { IncomingMessage } from 'node:http';

import { scopeDescription } from '../../credential/scopes';
import { omitUndefined } from '../../internal/objects';
import type { ManagementContext } from '../options';
import { DESCRIPTIONS } from './openapi-operations';
import { schemas } from './openapi-schemas';
import type { Route } from './routes';

/**
 * Describes the API by OpenAPI 3.1. The URL of the server is that of the document's folder.
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export function openApiDocument<R extends IncomingMessage>(
  context: ManagementContext<R>,
  routes: readonly Route[],
): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replace(':id', '{id}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Key management',
      version: '1.0.0',
      description: 'Times are numbers: milliseconds since the epoch.',
    },
    servers: [{ url: '.' }],
    paths,
    components: { schemas: schemas(scopeTexts(context), context) },
  };
}

const scopeTexts = <R extends IncomingMessage>({
  scopes,
  declaration,
}: ManagementContext<R>): ReadonlyMap<string, string> =>
  new Map((scopes.names ?? []).map((name) => [name, scopeDescription(declaration, name) ?? '']));

const ID = {
  name: 'id',
  in: 'path',
  required: true,
  schema: { type: 'string' },
};

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'A random text, such as a UUID. A request that is repeated with it within an hour gets the first response again.',
  schema: { type: 'string', minLength: 1, maxLength: 257 },
};

function operation(route: Route): object {
  const { method, path, creates } = route;
  const description = DESCRIPTIONS[`${method} ${path}`];
  if (!description) {
    throw new Error(`${method} ${path} is not described`);
  }
  const { id, summary, query = {}, body, response } = description;
  const parameters = [
    ...(path.includes(':id') ? [ID] : []),
    ...Object.entries(query).map(([name, schema]) => ({ name, in: 'query', schema })),
    ...(creates ? [IDEMPOTENCY_KEY] : []),
  ];
  return omitUndefined({
    operationId: id,
    summary,
    parameters: parameters.length === 0 ? undefined : parameters,
    requestBody: body && { required: body.required, ...json(body.schema) },
    responses: { ...success(route, response), ...faults(route) },
  });
}

const json = (schema: object): object => ({ content: { 'application/json': { schema } } });

function success({ creates }: Route, response: object | undefined): object {
  if (!response) {
    return { 204: { description: 'Done' } };
  }
  return creates
    ? { 201: { description: 'Created. The secret is not returned again.', ...json(response) } }
    : { 200: { description: 'OK', ...json(response) } };
}

const FAULTS: Readonly<Record<number, string>> = {
  400: 'A field is invalid. `field` names it.',
  401: 'Nobody is logged in',
  403: 'A scope that the account may not grant, or a request from another site',
  404: 'The ID is unknown',
  409: 'The state does not allow it, a limit is reached, or the same request is in progress',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The Idempotency-Key was used for another request',
  503: 'An outage. Try again after the seconds in `Retry-After`.',
};

/** The statuses that an operation can fail with. */
function faults({ method, path, creates }: Route): object {
  const isRead = method === 'GET';
  const statuses = [
    ...[400, 401, 503],
    ...(path.includes(':id') ? [404] : []),
    ...(isRead ? [] : [403, 409, 413, 415]),
    ...(creates ? [422] : []),
  ];
  const error = json({ $ref: '#/components/schemas/Error' });
  return Object.fromEntries(
    statuses.map((status) => [status, { description: FAULTS[status], ...error }]),
  );
}
