import { isOutage, publishOutage } from '../api/outages';
import { RotationError } from '../faults';
import { messagePage, notFoundPage, retryPage } from './message-pages';
import type { PageRoute } from './page-route';
import type { Reply, Visit } from './visit';

/** Does what a form requests, at most once if that creates a secret. */
export async function submit(route: PageRoute, visit: Visit): Promise<Reply> {
  if (route.creates) {
    const { account, form, tokens, view, base } = visit;
    const state = await tokens.claim(account.subject, form.get('form_token') ?? '');
    if (state !== 'new') {
      const text = state === 'used' ? 'usedForm' : 'requestFault';
      const status = state === 'used' ? 409 : 400;
      return messagePage(view, status, ['failedTitle', text], `${base}/keys`);
    }
  }
  return withRetry(route, visit);
}

/**
 * During an outage the form is shown again with what was typed. A form that needs the store to be
 * rendered is sent again by a button.
 */
async function withRetry(route: PageRoute, visit: Visit): Promise<Reply> {
  const { path, retry } = route;
  try {
    return (await route.submit?.(visit)) ?? notFoundPage(visit.view, visit.base);
  } catch (error) {
    if (!isOutage(error)) {
      throw error;
    }
    const isRotation = error instanceof RotationError;
    publishOutage({ method: 'POST', path, error: isRotation ? error.cause : error });
    if (isRotation && error.oldKey !== 'works') {
      return rotationPage(visit, error.oldKey);
    }
    const text = isRotation ? 'oldKeyWorks' : 'unavailable';
    return retry === undefined
      ? retryPage(visit, text)
      : retry(visit, { status: 503, text: visit.view.html(text), field: undefined });
  }
}

/** Without a button that tries again: the state of the old key comes first. */
function rotationPage({ view, base, id }: Visit, oldKey: 'ended' | 'unknown'): Reply {
  const isKnown = oldKey === 'ended';
  const text = isKnown ? 'oldKeyEnded' : 'oldKeyUnknown';
  const back = isKnown ? `${base}/keys/new` : `${base}/keys/${encodeURIComponent(id)}`;
  return messagePage(view, 503, ['unavailableTitle', text], back);
}
