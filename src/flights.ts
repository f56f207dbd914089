import { withDeadline } from './promises';

/** Look-ups that have not come back yet: joined by those who ask the same, bounded in number and in time. */
export interface Flights<T> {
  /** The flight that answers the same question, if there is one. */
  join(question: string): Promise<T> | undefined;
  /** Whether one more may start. */
  readonly full: boolean;
  /** Waits for an answer, to the deadline. Rejects with the answer's own error or a timeout. */
  start(question: string, answer: PromiseLike<T>): Promise<T>;
}

/** More look-ups than this are a store that does not answer: waiting for it as well would only fill the memory. */
const MAX_IN_FLIGHT = 4_096;

export function flights<T>(timeoutMs: number): Flights<T> {
  const waiting = new Map<string, Promise<T>>();
  let count = 0;

  return {
    join: (question) => waiting.get(question),
    get full() {
      return count >= MAX_IN_FLIGHT;
    },
    start(question, answer) {
      count++;
      const flight = withDeadline(answer, timeoutMs).finally(() => {
        count--;
        if (waiting.get(question) === flight) waiting.delete(question);
      });
      waiting.set(question, flight);
      return flight;
    },
  };
}
