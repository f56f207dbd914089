/** A function to measure. It prepares what a number of calls need, and returns only the calls. */
export type Contender = (calls: number) => Promise<() => void | Promise<void>>;

/**
 * The contenders that a file exports, by the names in its tables. Each runs in a separate process.
 */
export type Contenders = Readonly<Record<string, () => Contender | Promise<Contender>>>;

/** A function that needs no preparation. */
export const calling =
  (act: () => unknown): Contender =>
  async (calls) =>
  () => {
    for (let call = 0; call < calls; call++) {
      act();
    }
  };

/** The same for an asynchronous function. */
export const awaiting =
  (act: () => Promise<unknown>): Contender =>
  async (calls) =>
  async () => {
    for (let call = 0; call < calls; call++) {
      await act();
    }
  };
