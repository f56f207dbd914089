// Metrics for Prometheus, under the names that OpenTelemetry's exporter would give them, so that
// the dashboard works with both.
import { subscribe } from 'node:diagnostics_channel';

import type { Decision } from 'latchkey';
import { Counter, Histogram, Registry } from 'prom-client';

export const registry = new Registry();

const labelNames = ['latchkey_outcome', 'latchkey_reason', 'latchkey_verifier'] as const;
const decisions = new Counter({
  name: 'latchkey_decisions_total',
  help: 'Decisions of guards and of check().',
  labelNames,
  registers: [registry],
});
const duration = new Histogram({
  name: 'latchkey_decision_duration_seconds',
  help: 'Duration of decisions.',
  labelNames,
  buckets: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
  registers: [registry],
});
const storeEvents = new Counter({
  name: 'latchkey_store_events_total',
  help: 'What stores could not do, and subscriptions that work again.',
  labelNames: ['latchkey_store_name', 'latchkey_store_event'],
  registers: [registry],
});
const changes = new Counter({
  name: 'latchkey_credential_changes_total',
  help: 'Changes of stored credentials.',
  labelNames: ['latchkey_action', 'latchkey_credential_kind'],
  registers: [registry],
});

export function countDecisions(): void {
  subscribe('latchkey:decision', (message) => {
    const { outcome, reason = '', verifier = '', durationMs } = message as Decision;
    const labels = {
      latchkey_outcome: outcome,
      latchkey_reason: reason,
      latchkey_verifier: verifier,
    };
    decisions.inc(labels);
    duration.observe(labels, durationMs / 1_000);
  });
  subscribe('latchkey:store', (message) => {
    const { store, event } = message as { readonly store: string; readonly event: string };
    storeEvents.inc({ latchkey_store_name: store, latchkey_store_event: event });
  });
  subscribe('latchkey:credential', (message) => {
    const { action, kind } = message as { readonly action: string; readonly kind: string };
    changes.inc({ latchkey_action: action, latchkey_credential_kind: kind });
  });
}
