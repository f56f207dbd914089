/** Returns the value below which this share of the values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = part * (sorted.length - 1);
  const [below = NaN, above = below] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at % 1);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** A median, and its interval: the medians of the lowest and the highest launch. */
export interface Estimate {
  readonly value: number;
  readonly lowest: number;
  readonly highest: number;
}

/**
 * Summarizes launches and their rounds. With six launches, the true median lies between the lowest
 * and the highest in 97 of 100 cases.
 */
export function estimate(launches: readonly (readonly number[])[]): Estimate {
  const medians = launches.map(median);
  return { value: median(medians), lowest: Math.min(...medians), highest: Math.max(...medians) };
}

/** Compares two contenders round by round, so that disturbances affect both. */
export function paired(
  one: readonly (readonly number[])[],
  other: readonly (readonly number[])[],
  compare: (one: number, other: number) => number,
): Estimate {
  return estimate(
    one.map((rounds, launch) =>
      rounds.map((value, round) => compare(value, other[launch]?.[round] as number)),
    ),
  );
}

export const ratio = (one: number, other: number): number => one / other;
export const difference = (one: number, other: number): number => one - other;
