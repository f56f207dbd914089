/** What the document says of one operation. */
export interface OperationDescription {
  readonly id: string;
  readonly summary: string;
  /** Schemas by the name of the query parameter. */
  readonly query?: Readonly<Record<string, object>>;
  readonly body?: { readonly required: boolean; readonly schema: object };
  /** Absent for 204. */
  readonly response?: object;
}

const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });

const object = (members: Readonly<Record<string, object>>): object => ({
  type: 'object',
  required: Object.keys(members),
  properties: members,
});

const body = (name: string, required = true): Required<OperationDescription>['body'] => ({
  required,
  schema: ref(name),
});

const time = { type: 'integer' };
const page = {
  after: { type: 'string', description: '`next` of the page before' },
  limit: { type: 'integer', minimum: 1, maximum: 1_000, default: 100 },
};
const list = (name: string, item: string): object =>
  object({ [name]: { type: 'array', items: ref(item) }, next: { type: ['string', 'null'] } });

const KEYS: Readonly<Record<string, OperationDescription>> = {
  'GET /keys': {
    id: 'listKeys',
    summary: 'List keys',
    query: {
      status: { $ref: '#/components/schemas/Status' },
      name: { type: 'string', description: 'A part of the name' },
      expiresBefore: time,
      ...page,
    },
    response: list('keys', 'Key'),
  },
  'POST /keys': {
    id: 'createKey',
    summary: 'Create a key',
    body: body('NewKey'),
    response: ref('CreatedKey'),
  },
  'GET /keys/:id': { id: 'getKey', summary: 'Read a key', response: object({ key: ref('Key') }) },
  'PATCH /keys/:id': {
    id: 'updateKey',
    summary: 'Change a key',
    body: body('KeyChanges'),
    response: object({ key: ref('Key') }),
  },
  'DELETE /keys/:id': { id: 'revokeKey', summary: 'Revoke a key' },
  'POST /keys/:id/rotate': {
    id: 'rotateKey',
    summary: 'Replace a key',
    body: body('Rotation', false),
    response: ref('CreatedKey'),
  },
  'POST /keys/:id/disable': {
    id: 'disableKey',
    summary: 'Disable a key',
    response: object({ key: ref('Key') }),
  },
  'POST /keys/:id/enable': {
    id: 'enableKey',
    summary: 'Enable a key',
    response: object({ key: ref('Key') }),
  },
  'GET /keys/:id/usage': {
    id: 'getKeyUsage',
    summary: 'Read the requests per UTC day',
    query: { from: ref('Day'), to: ref('Day') },
    response: object({ usage: { type: 'array', items: ref('Usage') } }),
  },
};

const APPS: Readonly<Record<string, OperationDescription>> = {
  'GET /apps': { id: 'listApps', summary: 'List apps', query: page, response: list('apps', 'App') },
  'POST /apps': {
    id: 'createApp',
    summary: 'Register an app',
    body: body('NewApp'),
    response: ref('CreatedApp'),
  },
  'GET /apps/:id': { id: 'getApp', summary: 'Read an app', response: object({ app: ref('App') }) },
  'PATCH /apps/:id': {
    id: 'updateApp',
    summary: 'Change an app',
    body: body('AppChanges'),
    response: object({ app: ref('App') }),
  },
  'DELETE /apps/:id': { id: 'removeApp', summary: 'Remove an app' },
  'POST /apps/:id/rotate': {
    id: 'rotateAppSecret',
    summary: 'Give an app a new secret',
    body: body('Rotation', false),
    response: ref('CreatedApp'),
  },
};

const GRANTS: Readonly<Record<string, OperationDescription>> = {
  'GET /grants': {
    id: 'listGrants',
    summary: 'List connected apps',
    query: page,
    response: list('grants', 'Grant'),
  },
  'DELETE /grants/:id': { id: 'revokeGrant', summary: 'Disconnect an app' },
};

/** By method and path. */
export const DESCRIPTIONS: Readonly<Record<string, OperationDescription>> = {
  ...KEYS,
  ...APPS,
  ...GRANTS,
};
