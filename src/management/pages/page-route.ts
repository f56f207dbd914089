import type { Page } from '../../pages/page';
import type { Problem, Reply, Visit } from './visit';

/** What a request to a path does. */
export interface PageRoute {
  /** Such as `/keys/:id/rotate`. */
  readonly path: string;
  /** Shows the page. Without it, the path exists only for POST. */
  readonly show?: (visit: Visit) => Promise<Reply>;
  /** Does what the form requests. */
  readonly submit?: (visit: Visit) => Promise<Reply>;
  /** Whether the response to the form contains a secret, so that it is accepted once. */
  readonly creates?: true;
  /** Shows the form again with what was typed, without the store. */
  readonly retry?: (visit: Visit, problem: Problem) => Page;
}
