import type { RequestHandler } from 'express';

import { origin, type Step } from './serve';
import { ada } from './users';

/** Where the client has its users back: the example is the client's page too. */
export const CALLBACK = `${origin}/callback`;

/** What a client does with the code is the next step of the walk-through. */
export const callback: RequestHandler = ({ query: { code, error } }, res) => {
  const isCode = typeof code === 'string' && /^[\w-]+$/.test(code);
  res.type('text/plain').send(isCode ? `CODE=${code}\n` : `No code: ${JSON.stringify(error)}\n`);
};

/**
 * A client sends its user to a path. The user is whoever reads this, in a browser, or else curl.
 */
export const authorization = (shows: string, path: string): Step => [
  `${shows}: open this, log in as ${ada.username} with the password ${ada.password}, and take over the line that you get`,
  `#   ${origin}${path}`,
  '# or let curl be the browser:',
  'browse() { curl -sL -b "$COOKIES" -c "$COOKIES" -o "$PAGE" -w "%{url_effective}" "$@"; }',
  `csrf() { sed -n 's/.*name="csrf_token" value="\\([^"]*\\)".*/csrf_token=\\1/p' "$PAGE"; }`,
  'COOKIES=$(mktemp) PAGE=$(mktemp)',
  `AT=$(browse "${origin}${path}")`,
  `AT=$(browse "$AT" -d "$(csrf)" -d username=${ada.username} -d password=${ada.password})`,
  `CODE=$(browse "$AT" -d "$(csrf)" -d decision=allow | sed 's/.*[?&]code=\\([^&]*\\).*/\\1/')`,
];

/**
 * A request, and what the steps after it take from its answer: `access_token` as `$ACCESS_TOKEN`.
 */
export const keeping = (members: readonly string[], shows: string, curl: string): Step => [
  shows,
  `ANSWER=$(${curl.replace('curl', 'curl -s')})`,
  'echo "$ANSWER"',
  ...members.map(
    (member) =>
      `${member.toUpperCase()}=$(echo "$ANSWER" | sed -n 's/.*"${member}":"\\([^"]*\\)".*/\\1/p')`,
  ),
];
