import { STATUSES } from '../../stores/filter';
import { MAX_NAME_LENGTH, MAX_OVERLAP_MS } from '../input';

interface Schema {
  readonly [member: string]: unknown;
}

interface Limits {
  readonly environments?: readonly string[];
}

const text: Schema = { type: 'string' };
const count: Schema = { type: 'integer', minimum: 0 };
const time: Schema = { type: 'integer', description: 'Milliseconds since the epoch' };
const timeOrNull: Schema = { ...time, type: ['integer', 'null'] };
const textOrNull: Schema = { type: ['string', 'null'] };
const name: Schema = { type: 'string', minLength: 1, maxLength: MAX_NAME_LENGTH };
const texts: Schema = { type: 'array', items: text };
const uris: Schema = { type: 'array', items: { type: 'string', format: 'uri' } };
const ref = (schema: string): Schema => ({ $ref: `#/components/schemas/${schema}` });

const response = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});

const request = (
  properties: Readonly<Record<string, Schema>>,
  ...required: readonly string[]
): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

/** The schemas of the document, with the scopes and environments that were declared. */
export const schemas = (
  scopes: ReadonlyMap<string, string>,
  { environments }: Limits,
): Readonly<Record<string, Schema>> => ({
  ...common(scopes),
  ...keySchemas(environments),
  ...appSchemas,
});

const common = (scopes: ReadonlyMap<string, string>): Readonly<Record<string, Schema>> => ({
  Error: {
    type: 'object',
    required: ['error', 'message'],
    properties: {
      error: { type: 'string', description: 'The reason phrase of the status in snake_case' },
      message: text,
      field: { type: 'string', description: 'The field at fault' },
    },
  },
  Scopes: {
    type: 'array',
    items: {
      oneOf: [...scopes].map(([scope, description]) => ({ const: scope, description })),
    },
  },
  Day: {
    oneOf: [{ type: 'string', format: 'date' }, time],
    description: 'A day such as 2026-11-30, or a time in milliseconds since the epoch',
  },
  Rotation: request({
    overlapMs: {
      ...count,
      maximum: MAX_OVERLAP_MS,
      default: 0,
      description: 'How long the old secret stays valid, in milliseconds',
    },
  }),
});

function keySchemas(environments: readonly string[] | undefined): Readonly<Record<string, Schema>> {
  const changes = { name: { ...name, type: ['string', 'null'] }, scopes: ref('Scopes') };
  return {
    Status: { type: 'string', enum: STATUSES },
    Key: response({
      id: text,
      name: textOrNull,
      hint: text,
      environment: textOrNull,
      scopes: texts,
      status: ref('Status'),
      issuedAt: time,
      expiresAt: timeOrNull,
      lastUsedAt: timeOrNull,
      useCount: count,
      disabledAt: timeOrNull,
      revokedAt: timeOrNull,
      rotatedFrom: textOrNull,
    }),
    NewKey: request(
      {
        ...changes,
        environment: environments ? { type: 'string', enum: environments } : text,
        expiresAt: timeOrNull,
      },
      'scopes',
    ),
    KeyChanges: request({ ...changes, expiresAt: timeOrNull }),
    CreatedKey: response({ secret: text, key: ref('Key') }),
    Usage: response({ day: { type: 'string', format: 'date' }, count }),
  };
}

const type: Schema = { type: 'string', enum: ['confidential', 'public'] };
const applicationType: Schema = { type: 'string', enum: ['web', 'native'] };

const appSchemas: Readonly<Record<string, Schema>> = {
  App: response({
    id: text,
    name: text,
    scopes: texts,
    redirectUris: uris,
    grantTypes: texts,
    type,
    applicationType,
    registeredAt: time,
  }),
  NewApp: request(
    { name, scopes: ref('Scopes'), redirectUris: uris, type, applicationType },
    'name',
    'scopes',
  ),
  AppChanges: request({ name, scopes: ref('Scopes'), redirectUris: uris }),
  CreatedApp: response({ secret: textOrNull, app: ref('App') }),
  Grant: response({
    id: text,
    clientId: text,
    name: textOrNull,
    scopes: texts,
    audience: texts,
    issuedAt: time,
    expiresAt: timeOrNull,
  }),
};
