import Table from 'cli-table3';
import type { Client } from '../authorization-server/clients';
import type { PublicRecord } from '../verifiers/life';

const time = (value: number | null): string => (value === null ? '–' : new Date(value).toISOString().replace(/\.\d+Z$/, 'Z'));

function state({ revokedAt, expiresAt }: PublicRecord): string {
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

/** Without the spaces that would fill the last column. */
const textOf = (table: Table.Table): string => table.toString().replace(/ +$/gm, '');

/** One record a line. */
export function tableOf(records: readonly PublicRecord[]): string {
  if (records.length === 0) return 'No keys.';
  const table = new Table({ ...PLAIN, head: ['ID', 'KEY', 'NAME', 'SUBJECT', 'SCOPES', 'STATE', 'LAST USED', 'USES'] });
  for (const record of records) {
    const { id, hint, name, subject, scopes, lastUsedAt, useCount } = record;
    table.push([id, `${hint}…`, name ?? '–', subject, scopes.join(' ') || '–', state(record), time(lastUsedAt), String(useCount)]);
  }
  return textOf(table);
}

/** All of one record, a member a line. */
export function detailsOf(record: PublicRecord): string {
  const table = new Table(PLAIN);
  table.push(
    ['id', record.id],
    ['key', `${record.hint}…`],
    ['name', record.name ?? '–'],
    ['subject', record.subject],
    ['client', record.clientId ?? '–'],
    ['environment', record.environment ?? '–'],
    ['scopes', record.scopes.join(' ') || '–'],
    ['state', state(record)],
    ['issued', time(record.issuedAt)],
    ['last used', time(record.lastUsedAt)],
    ['uses', String(record.useCount)],
    ['rotated from', record.rotatedFrom ?? '–'],
    ['metadata', JSON.stringify(record.metadata)],
  );
  return textOf(table);
}

/** One client a line. */
export function clientTableOf(clients: readonly Client[]): string {
  if (clients.length === 0) return 'No clients.';
  const table = new Table({ ...PLAIN, head: ['CLIENT ID', 'NAME', 'TYPE', 'GRANT TYPES', 'SCOPES', 'REGISTERED'] });
  for (const { clientId, name, type, grantTypes, scopes, registeredAt } of clients) {
    table.push([clientId, name, type, grantTypes.join(' ') || '–', scopes.join(' ') || '–', time(registeredAt)]);
  }
  return textOf(table);
}

/** All of one client, a member a line. */
export function clientDetailsOf(client: Client): string {
  const table = new Table(PLAIN);
  table.push(
    ['client id', client.clientId],
    ['name', client.name],
    ['type', `${client.type}, ${client.applicationType}`],
    ['grant types', client.grantTypes.join(' ') || '–'],
    ['scopes', client.scopes.join(' ') || '–'],
    ['redirect URIs', client.redirectUris.join(' ') || '–'],
    ['resource server', client.resourceServer ? 'yes' : 'no'],
    ['registered', time(client.registeredAt)],
  );
  return textOf(table);
}
