import type { Contenders } from '../harness/contender';
import { allGuards, type Guards } from './catalogue';
import { exchangeOnExpress } from './exchanges';
import { guarding } from './guarding';

/** Each guard with plain requests of `node:http`, and with requests of Express. */
export const onExpress = (name: string) => `${name}, on Express`;

export const contenders: Contenders = Object.fromEntries(
  Object.entries(allGuards).flatMap(([name, make]) => [
    [name, () => contender(make)],
    [onExpress(name), () => contender(make, exchangeOnExpress)],
  ]),
);

async function contender(make: Guards[string], exchange?: typeof exchangeOnExpress) {
  const { guard, headers } = await make();
  return guarding(guard, headers, exchange);
}
