import type { Contenders } from '../harness/contender';
import { allGuards, type Guards } from './catalogue';
import { exchangeOnExpress } from './exchanges';
import { guarding } from './guarding';

/** Each guard is asked with requests of `node:http` alone, and with those that Express hands on. */
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
