import { hash } from 'node:crypto';

import { type Html, markup } from '../../pages/markup';
import type { Page, PageScript } from '../../pages/page';
import { formatTime } from './format';
import type { TextKey } from './view';
import type { Visit } from './visit';

/** Shows the buttons that copy. Without it the fields can be selected. */
const COPY = `for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand('copy');
    }
    document.getElementById(button.dataset.copy + '-status').textContent = button.dataset.copied;
  });
}`;
const SCRIPT: PageScript = { text: COPY, source: `'sha256-${hash('sha256', COPY, 'base64')}'` };

/** What is shown once. */
export interface ShownSecret {
  readonly title: TextKey;
  /** Above the secret: the ID of a client. */
  readonly clientId?: string;
  readonly label: TextKey;
  /** null for an app without one. */
  readonly secret: string | null;
  /** After a rotation, how long the old secret works from now on. */
  readonly overlapMs?: number | undefined;
  /** A command to try the secret. */
  readonly command?: string;
  readonly back: string;
}

/** Renders the only page that contains a secret. */
export function secretPage({ view }: Visit, shown: ShownSecret): Page {
  const { title, clientId, label, secret, overlapMs, command, back } = shown;
  const note = view.html(secret === null ? 'noSecret' : 'saveNow');
  return {
    title: view.plain(title),
    script: SCRIPT,
    content: markup`<p class="note caution" role="status">${note}</p>
${clientId && copyField(view.plain('clientId'), 'client-id', clientId, copyTexts)}${
      secret === null ? undefined : copyField(view.plain(label), 'secret', secret, copyTexts)
    }${command && copyField(view.plain('testRequest'), 'command', command, copyTexts)}${oldSecret()}<div class="actions">
<a class="button main" href="${back}">${view.html(secret === null ? 'back' : 'saved')}</a>
</div>`,
  };

  function copyTexts(): readonly [copy: string, copied: string] {
    return [view.plain('copy'), view.plain('copied')];
  }
  function oldSecret(): Html | undefined {
    if (overlapMs === undefined) {
      return undefined;
    }
    const date = formatTime(view, Date.now() + overlapMs);
    return markup`<p class="quiet">${overlapMs === 0 ? view.html('oldEnded') : view.html('oldUntil', { date })}</p>\n`;
  }
}

function copyField(
  label: string,
  id: string,
  value: string,
  texts: () => readonly [copy: string, copied: string],
): Html {
  const [copy, copied] = texts();
  return markup`<label for="${id}">${label}</label>
<div class="copy">
<input class="mono" id="${id}" value="${value}" readonly autocomplete="off" spellcheck="false">
<button type="button" hidden data-copy="${id}" data-copied="${copied}" aria-label="${copy}: ${label}">${copy}</button>
<span role="status" id="${id}-status"></span>
</div>
`;
}
