import Table from 'cli-table3';
import type { Client } from '../authorization-server/clients';
import type { PublicRecord } from '../credentials/records';

/** The number itself where it is beyond what a date can be. */
function time(value: number | null): string {
  if (value === null) return '–';
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

export function stateOf({ revokedAt, expiresAt }: PublicRecord): string {
  if (revokedAt !== null) return `revoked ${time(revokedAt)}`;
  if (expiresAt === null) return 'live';
  return `${expiresAt <= Date.now() ? 'expired' : 'live until'} ${time(expiresAt)}`;
}

/** Lines without frames, which a terminal wraps least and `cut` and `awk` read best. */
const PLAIN = {
  chars: {
    ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
    ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
    ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};

/** Names come from an API's customers, and a terminal would obey what is hidden in them. */
export const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (hidden) => `\\u{${(hidden.codePointAt(0) as number).toString(16)}}`);

/** Rows in columns, without the spaces that would fill the last one. */
function columns(rows: readonly (readonly string[])[]): string {
  const table = new Table(PLAIN);
  table.push(...rows.map((row) => row.map(visible)));
  return table.toString().replace(/ +$/gm, '');
}

/** One record a line. */
export function tableOf(records: readonly PublicRecord[]): string {
  if (records.length === 0) return 'No keys.';
  return columns([
    ['ID', 'KEY', 'NAME', 'SUBJECT', 'SCOPES', 'STATE', 'LAST USED', 'USES'],
    ...records.map((record) => {
      const { id, hint, name, subject, scopes, lastUsedAt, useCount } = record;
      return [id, `${hint}…`, name ?? '–', subject, scopes.join(' ') || '–', stateOf(record), time(lastUsedAt), String(useCount)];
    }),
  ]);
}

/** All of one record, a member a line. */
export const detailsOf = (record: PublicRecord): string =>
  columns([
    ['id', record.id],
    ['key', `${record.hint}…`],
    ['name', record.name ?? '–'],
    ['subject', record.subject],
    ['client', record.clientId ?? '–'],
    ['environment', record.environment ?? '–'],
    ['scopes', record.scopes.join(' ') || '–'],
    ['state', stateOf(record)],
    ['issued', time(record.issuedAt)],
    ['last used', time(record.lastUsedAt)],
    ['uses', String(record.useCount)],
    ['rotated from', record.rotatedFrom ?? '–'],
    ['metadata', JSON.stringify(record.metadata)],
  ]);

/** One client a line. */
export function clientTableOf(clients: readonly Client[]): string {
  if (clients.length === 0) return 'No clients.';
  return columns([
    ['CLIENT ID', 'NAME', 'TYPE', 'GRANT TYPES', 'SCOPES', 'REGISTERED'],
    ...clients.map(({ clientId, name, type, grantTypes, scopes, registeredAt }) => [
      ...[clientId, name, type],
      ...[grantTypes.join(' ') || '–', scopes.join(' ') || '–', time(registeredAt)],
    ]),
  ]);
}

/** All of one client, a member a line. */
export const clientDetailsOf = (client: Client): string =>
  columns([
    ['client id', client.clientId],
    ['name', client.name],
    ['type', `${client.type}, ${client.applicationType}`],
    ['grant types', client.grantTypes.join(' ') || '–'],
    ['scopes', client.scopes.join(' ') || '–'],
    ['redirect URIs', client.redirectUris.join(' ') || '–'],
    ['resource server', client.resourceServer ? 'yes' : 'no'],
    ['registered', time(client.registeredAt)],
  ]);
