import { setTimeout as sleep } from 'node:timers/promises';

import { redisStore } from 'latchkey/redis';

import { CLIENTS } from './redis-clients';

// A program that listens for a while to a Redis on a port, perhaps one where there is none, and
// then lets go of all it holds.
const [library = '', port, forMs] = process.argv.slice(2);
process.on('warning', ({ message }) => console.log(message));
const { client, close } = CLIENTS[library]!(Number(port));
const end = redisStore({ client }).subscribe(() => {});
await sleep(Number(forMs));
await end();
close();
console.log('let go');
