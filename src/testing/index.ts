export { fakeAuth } from './fake-auth';
