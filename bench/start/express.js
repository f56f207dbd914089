import { performance } from 'node:perf_hooks';

// What every Express API pays.
const startedAt = performance.now();
const before = process.cpuUsage();
await import('express');
const { user, system } = process.cpuUsage(before);
process.send({ waited: performance.now() - startedAt, worked: (user + system) / 1_000 });
