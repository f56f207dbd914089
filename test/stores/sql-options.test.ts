import {
  DummyDriver,
  Kysely,
  MssqlAdapter,
  MssqlIntrospector,
  MssqlQueryCompiler,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { sqlStore } from 'latchkey/sql';
import { guarded } from '../../src/stores/sql/errors';
import { languageOf } from '../../src/stores/sql/language';
import type { Database } from '../../src/stores/sql/tables';

const speaking = (Adapter: typeof PostgresAdapter, Compiler: typeof PostgresQueryCompiler, Introspector: typeof PostgresIntrospector) =>
  new Kysely<object>({
    dialect: {
      createAdapter: () => new Adapter(),
      createDriver: () => new DummyDriver(),
      createQueryCompiler: () => new Compiler(),
      createIntrospector: (db) => new Introspector(db),
    },
  });
