export type { Account, FindAccount } from './account';
export { managementApi } from './api/management-api';
export type { ManagementOutage } from './api/outages';
export type { ManagementOptions } from './options';
export { managementPages, type ManagementPagesOptions } from './pages/management-pages';
export type { ManagementTexts } from './pages/texts/texts';
