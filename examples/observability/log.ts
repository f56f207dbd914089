// One line of JSON for each decision that an operator needs. No line has a secret.
import { subscribe } from 'node:diagnostics_channel';

import type { CredentialEvent, Decision } from 'latchkey';
import { pino } from 'pino';

export const logger = pino({
  // For requests that your own code logs: Latchkey logs none.
  redact: {
    paths: [
      'req.headers.authorization',
      'req.headers.cookie',
      'req.headers.dpop',
      'req.headers["x-api-key"]',
    ],
    censor: '[redacted]',
  },
});

export function logDecisions(): void {
  subscribe('latchkey:decision', (message) => {
    const { outcome, error, ...decision } = message as Decision;
    if (error !== undefined) {
      logger.error({ ...decision, err: error }, 'A request could not be authenticated');
    } else if (outcome === 'refused') {
      logger.warn(decision, 'A request was refused');
    }
  });
  subscribe('latchkey:credential', (message) => {
    const { action, kind, credentialId, subject, actor } = message as CredentialEvent;
    logger.info({ action, kind, credentialId, subject, actor }, 'A credential was changed');
  });
}
