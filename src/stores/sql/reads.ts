import { toRecordId } from '../../credential/digest';
import type { CredentialFilter } from '../store';
import { type CredentialStore, isStorable, type Page } from '../store';
import { firstKeptDay } from '../usage-days';
import { all, type Condition, hasId, isAfter, isKnown } from './conditions';
import type { SqlContext } from './context';
import { isInScope, meets } from './filter-conditions';
import { COLUMNS, toRecord } from './rows';
import { integerSchema } from './values';

/** The methods that only read. */
export function createReads({
  db,
  dialect,
}: SqlContext): Pick<CredentialStore, 'find' | 'findById' | 'list' | 'search' | 'usage'> {
  const select = (condition: Condition) =>
    db.selectFrom('latchkey_credentials').select(COLUMNS).where(condition);
  const findById = async (id: string) => {
    const row = await select(all(hasId(id), isKnown)).executeTakeFirst();
    return row && toRecord(row);
  };
  const search = async (filter: CredentialFilter, { after, limit }: Page) => {
    const conditions = [meets(filter, dialect), isKnown];
    if (after !== undefined) {
      const last = await select(all(hasId(after), isInScope(filter), isKnown)).executeTakeFirst();
      if (!last) {
        return [];
      }
      conditions.push(isAfter(toRecord(last)));
    }
    const rows = await select(all(...conditions))
      .orderBy('issued_at')
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(toRecord);
  };
  return {
    findById,
    async find(digest) {
      // By the primary key, so that a damaged digest is an error and not an unknown credential.
      const record = await findById(toRecordId(digest));
      return record?.digest === digest ? record : undefined;
    },
    list: (owner, page) => search({ kind: owner.kind, owner }, page),
    search,
    async usage(id, { from, to }) {
      if (!isStorable(id)) {
        return [];
      }
      const first = firstKeptDay(Date.now());
      const rows = await db
        .selectFrom('latchkey_usage')
        .select(['day', 'uses'])
        .where('id', '=', id)
        .where('day', '>=', from > first ? from : first)
        .where('day', '<=', to)
        .orderBy('day')
        .execute();
      return rows.map(({ day, uses }) => ({ day, count: integerSchema.parse(uses) }));
    },
  };
}
