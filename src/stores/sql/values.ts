import * as z from 'zod';

import { codedError } from '../../internal/errors';

/**
 * Returns a time or count as the tables store it. Fractions are cut off, so that nothing lives
 * longer than intended.
 */
export function toInteger(value: number): number {
  const floor = Math.floor(value);
  if (!Number.isSafeInteger(floor)) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'A time or count is too large for the tables, or not a number',
    );
  }
  return floor;
}

/**
 * A time or count as drivers return it: a number, a string or a BigInt, depending on the driver and
 * its settings.
 */
export const integerSchema = z
  .union([z.number(), z.bigint(), z.string().regex(/^-?\d+$/)])
  .transform(Number)
  .refine(Number.isSafeInteger);
