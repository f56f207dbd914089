import type { Principal } from './credential/principal';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the name under which Express's types are augmented
  namespace Express {
    interface Request {
      auth?: Principal;
    }
  }
}

export {};
