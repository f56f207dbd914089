/**
 * One of those that are measured: for a number of calls it makes ready what they need, and returns
 * the calls alone.
 */
export type Contender = (calls: number) => Promise<() => void | Promise<void>>;

/**
 * What a file of contenders exports, by the names that its tables show. Each is made in a process
 * of its own.
 */
export type Contenders = Readonly<Record<string, () => Contender | Promise<Contender>>>;

/** A function that needs nothing made ready. */
export const calling =
  (act: () => unknown): Contender =>
  async (calls) =>
  () => {
    for (let call = 0; call < calls; call++) {
      act();
    }
  };

/** The same for one that is waited for. */
export const awaiting =
  (act: () => Promise<unknown>): Contender =>
  async (calls) =>
  async () => {
    for (let call = 0; call < calls; call++) {
      await act();
    }
  };
