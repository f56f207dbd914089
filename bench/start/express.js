import { performance } from 'node:perf_hooks';

// What an API pays anyway.
const startedAt = performance.now();
await import('express');
process.send(performance.now() - startedAt);
