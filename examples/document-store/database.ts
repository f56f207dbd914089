import { EventEmitter } from 'node:events';

import type { RevocationEvent, StoredRecord } from 'latchkey';

// A document database over a plain object, in the shape of MongoDB and its relatives. Each method
// is one atomic operation.

export type Document = { readonly _id: string };
type Filter<D> = (document: D) => boolean;

export interface Collection<D extends Document> {
  findOne(id: string): Promise<D | undefined>;
  find(filter: Filter<D>): Promise<D[]>;
  /** Inserts a document, or replaces one that matches. Returns false if another one exists. */
  upsert(document: D, replaceable: Filter<D>): Promise<boolean>;
  /** Changes the document with this ID if it matches, and returns the result. */
  findOneAndUpdate(
    id: string,
    filter: Filter<D>,
    change: (document: D) => Partial<D>,
  ): Promise<D | undefined>;
  findOneAndDelete(id: string): Promise<D | undefined>;
  deleteMany(filter: Filter<D>): Promise<number>;
}

/** A record, and its uses by UTC day. */
export type CredentialDocument = Document &
  StoredRecord & { readonly days?: Readonly<Record<string, number>> };
export type StateDocument = Document & { readonly value: string; readonly until: number };

export interface Database {
  readonly credentials: Collection<CredentialDocument>;
  readonly state: Collection<StateDocument>;
  /** Delivers events to the subscribers on every instance. */
  readonly events: EventEmitter<{ revocation: [RevocationEvent] }>;
}

export const openDatabase = (): Database => ({
  credentials: collection<CredentialDocument>(),
  state: collection<StateDocument>(),
  events: new EventEmitter<{ revocation: [RevocationEvent] }>(),
});

function collection<D extends Document>(): Collection<D> {
  let documents: Readonly<Record<string, D>> = {};
  const read = (id: string): D | undefined =>
    Object.hasOwn(documents, id) ? structuredClone(documents[id]) : undefined;
  const write = (document: D): D => {
    documents = { ...documents, [document._id]: structuredClone(document) };
    return document;
  };
  const remove = (id: string) => {
    documents = Object.fromEntries(Object.entries(documents).filter(([other]) => other !== id));
  };

  return {
    findOne: async (id) => read(id),
    find: async (filter) => structuredClone(Object.values(documents).filter(filter)),
    async upsert(document, replaceable) {
      const existing = read(document._id);
      if (existing && !replaceable(existing)) {
        return false;
      }
      write(document);
      return true;
    },
    async findOneAndUpdate(id, filter, change) {
      const document = read(id);
      return document && filter(document) ? write({ ...document, ...change(document) }) : undefined;
    },
    async findOneAndDelete(id) {
      const document = read(id);
      remove(id);
      return document;
    },
    async deleteMany(filter) {
      const old = Object.values(documents).filter(filter);
      old.forEach(({ _id }) => remove(_id));
      return old.length;
    },
  };
}
