/** Look-ups that have not come back yet: joined by those who ask the same, and bounded in number. */
export interface Flights<T> {
  /** The flight that answers the same question, if there is one. */
  join(question: string): Promise<T> | undefined;
  /** Lets nobody join those that are under way. */
  forget(): void;
  /** Whether one more may start. */
  readonly full: boolean;
  /** Counts a flight until it ends. */
  start(question: string, flight: Promise<T>): Promise<T>;
}

/** More look-ups than this are a store that does not answer: waiting for it as well would only fill the memory. */
const MAX_IN_FLIGHT = 4_096;

export function flights<T>(): Flights<T> {
  const waiting = new Map<string, Promise<T>>();
  let count = 0;

  return {
    join: (question) => waiting.get(question),
    forget: () => waiting.clear(),
    get full() {
      return count >= MAX_IN_FLIGHT;
    },
    start(question, flight) {
      const land = () => {
        count--;
        if (waiting.get(question) === flight) waiting.delete(question);
      };
      count++;
      waiting.set(question, flight);
      flight.then(land, land);
      return flight;
    },
  };
}
