import type { StoredRecord } from '../store';

/** What decides the place of a record in a list. */
type Place = Pick<StoredRecord, 'id' | 'issuedAt'>;

const compare = (a: Place, b: Place): number => {
  if (a.issuedAt !== b.issuedAt) {
    return a.issuedAt - b.issuedAt;
  }
  return Number(a.id > b.id) - Number(a.id < b.id);
};

/**
 * The IDs of records in the order of `issuedAt`, then `id`. Records are usually added in this
 * order, so sorting is put off until a list is read.
 */
export class SortedRecords {
  #places: Place[] = [];
  #isSorted = true;
  /** Deleted places are removed when the list is read, all at once. */
  readonly #deleted = new Set<Place>();
  readonly #byId = new Map<string, Place>();

  get size(): number {
    return this.#byId.size;
  }

  add({ id, issuedAt }: Place): void {
    const place = { id, issuedAt };
    const last = this.#places.at(-1);
    this.#isSorted &&= last === undefined || compare(last, place) < 0;
    this.#places.push(place);
    this.#byId.set(id, place);
  }

  delete({ id }: Place): void {
    const place = this.#byId.get(id);
    if (place) {
      this.#byId.delete(id);
      this.#deleted.add(place);
    }
  }

  /** The IDs after a place, or all of them. */
  *after(last?: Place): Generator<string> {
    this.#tidy();
    const places = this.#places;
    for (let index = last ? this.#firstAfter(last) : 0; index < places.length; index++) {
      const { id } = places[index] as Place;
      yield id;
    }
  }

  #tidy(): void {
    if (this.#deleted.size > 0) {
      this.#places = this.#places.filter((place) => !this.#deleted.has(place));
      this.#deleted.clear();
    }
    if (!this.#isSorted) {
      this.#places = this.#places.toSorted(compare);
      this.#isSorted = true;
    }
  }

  #firstAfter(last: Place): number {
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(this.#places[middle] as Place, last) > 0) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}
