export type { Account } from './account';
export type { ManagementOptions } from './options';
