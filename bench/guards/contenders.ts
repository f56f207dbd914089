import type { Contenders } from '../harness/contender';
import { allGuards } from './catalogue';
import { guarding } from './guarding';

export const contenders: Contenders = Object.fromEntries(
  Object.entries(allGuards).map(([name, make]) => [
    name,
    async () => {
      const { guard, headers } = await make();
      return guarding(guard, headers);
    },
  ]),
);
