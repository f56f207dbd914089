import * as z from 'zod';
import { codedError } from '../../internal/errors';

/** A time or count as the tables keep it. A fraction is cut off, so that nothing lives longer than it was to. */
export function whole(value: number): number {
  const floor = Math.floor(value);
  if (!Number.isSafeInteger(floor)) throw codedError('ERR_LATCHKEY_STORE', 'A time or count is too large for the tables, or not a number');
  return floor;
}

/** A time or count as a driver gives it: a number, a string or a BigInt, each in its way and by its settings. */
export const aWhole = z
  .union([z.number(), z.bigint(), z.string().regex(/^-?\d+$/)])
  .transform(Number)
  .refine(Number.isSafeInteger);
