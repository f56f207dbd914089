import { toDigest, toRecordId } from '../../credential/digest';
import type { CredentialStore } from '../../stores/store';
import { atOnce, type Cases, demand, type OpenedStore } from './contract';
import { newRecord } from './samples';

/** insert(), find() and findById(): a record is added once, and found by its digest and its ID. */
export const keeping: Cases<OpenedStore<CredentialStore>> = {
  async 'inserts a record once under concurrent calls, and never replaces a known record'(opened) {
    const { store, peer } = opened;
    const record = newRecord({ name: 'first' });
    const added = await atOnce(opened, 50, (instance) => instance.insert(record));
    demand(
      'of 50 concurrent insert() calls with one record, one returns true',
      added.filter(Boolean).length,
      1,
    );

    const sameId = { ...record, digest: otherEnd(record.digest) };
    for (const known of [record, { ...record, name: 'second', scopes: [] }, sameId]) {
      demand('insert() of a known record returns false', await peer.insert(known), false);
    }
    demand('insert() of a known record changes nothing', await store.find(record.digest), record);

    await store.revoke(record.id, Date.now());
    demand('insert() of a revoked record returns false', await peer.insert(record), false);
    demand(
      'insert() leaves a revoked record revoked',
      (await store.find(record.digest))?.revokedAt !== null,
      true,
    );
  },

  async 'finds a record by its exact digest or ID only'({ store, peer }) {
    const record = newRecord();
    const { digest, id } = record;
    demand('insert() of a new record returns true', await store.insert(record), true);
    for (const instance of [store, peer]) {
      demand('find() returns the record with the digest', await instance.find(digest), record);
      demand('findById() returns the record with the ID', await instance.findById(id), record);
    }
    const others = [
      toDigest('another secret'),
      otherEnd(digest),
      Buffer.from(digest, 'base64url').toString('hex'),
    ];
    for (const text of [...others, ...almost(digest), id, record.subject]) {
      demand(
        `find() returns undefined for ${JSON.stringify(text)}, which is not the digest of a record`,
        await store.find(text),
        undefined,
      );
    }
    for (const text of [
      toRecordId(toDigest('another secret')),
      ...almost(id),
      digest,
      record.subject,
    ]) {
      demand(
        `findById() returns undefined for ${JSON.stringify(text)}, which is not the ID of a record`,
        await store.findById(text),
        undefined,
      );
    }
  },
};

/** Another digest with the same ID. */
const otherEnd = (digest: string): string =>
  digest.slice(0, -1) + (digest.endsWith('A') ? 'E' : 'A');

/** Returns texts that resemble a digest or an ID, and patterns that would match it. */
function almost(text: string): readonly string[] {
  const swapped = text.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
  const variants = [
    text.toLowerCase(),
    text.toUpperCase(),
    swapped,
    text.slice(0, -1),
    text.slice(1),
  ];
  const padded = [
    ` ${text}`,
    `${text} `,
    `${text}\n`,
    `${text}=`,
    `${text}A`,
    `${text}%`,
    `${text}*`,
  ];
  const patterns = [
    '',
    '%',
    '*',
    `${text.slice(0, -1)}_`,
    `${text.slice(0, -1)}?`,
    `${text.slice(0, -1)}*`,
  ];
  return [...variants, ...padded, ...patterns].filter((variant) => variant !== text);
}
