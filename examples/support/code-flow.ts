import type { RequestHandler } from 'express';

import { origin, type Step } from './serve';
import { ada } from './users';

/** The client's callback. The example serves this page too. */
export const CALLBACK = `${origin}/callback`;

/** The next step of the walk-through exchanges the code. */
export const callback: RequestHandler = ({ query: { code, error } }, res) => {
  const isCode = typeof code === 'string' && /^[\w-]+$/.test(code);
  res.type('text/plain').send(isCode ? `CODE=${code}\n` : `No code: ${JSON.stringify(error)}\n`);
};

/** Prints how a client sends its user to a path, to open in a browser or call with curl. */
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

/** A request, and what later steps read from its response: `access_token` as `$ACCESS_TOKEN`. */
export const keeping = (members: readonly string[], shows: string, curl: string): Step => [
  shows,
  `ANSWER=$(${curl.replace('curl', 'curl -s')})`,
  'echo "$ANSWER"',
  ...members.map(
    (member) =>
      `${member.toUpperCase()}=$(echo "$ANSWER" | sed -n 's/.*"${member}":"\\([^"]*\\)".*/\\1/p')`,
  ),
];
