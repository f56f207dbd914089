import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import type { Meter } from '@opentelemetry/api';

import { omitUndefined } from '../../internal/objects';
import { errorType } from './error-type';

/** The members of events that counters read. */
interface CountedEvent {
  readonly action?: string;
  readonly kind?: string;
  readonly store?: string;
  readonly event?: string;
  readonly error?: unknown;
  readonly count?: number;
  readonly endpoint?: string;
  readonly grantType?: string;
  readonly status?: number;
  readonly method?: string;
}

interface EventCounter {
  readonly channel: string;
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly attributes: (event: CountedEvent) => Record<string, string | number | undefined>;
  /** How much an event counts. @default 1 */
  readonly value?: (event: CountedEvent) => number;
}

const causeOf = ({ error }: CountedEvent): string | undefined =>
  error === undefined ? undefined : errorType(error);

const COUNTERS: readonly EventCounter[] = [
  {
    channel: 'latchkey:credential',
    name: 'latchkey.credential.changes',
    description: 'Changes of stored credentials.',
    unit: '{change}',
    attributes: ({ action, kind }) => ({
      'latchkey.action': action,
      'latchkey.credential.kind': kind,
    }),
  },
  {
    channel: 'latchkey:client',
    name: 'latchkey.client.changes',
    description: 'Changes of OAuth clients.',
    unit: '{change}',
    attributes: ({ action }) => ({ 'latchkey.action': action }),
  },
  {
    channel: 'latchkey:grant',
    name: 'latchkey.grant.changes',
    description: 'Changes of OAuth grants.',
    unit: '{change}',
    attributes: ({ action }) => ({ 'latchkey.action': action }),
  },
  {
    channel: 'latchkey:store',
    name: 'latchkey.store.events',
    description: 'What stores could not do, and subscriptions that work again.',
    unit: '{event}',
    attributes: (event) => ({
      'latchkey.store.name': event.store,
      'latchkey.store.event': event.event,
      'error.type': causeOf(event),
    }),
  },
  {
    channel: 'latchkey:store',
    name: 'latchkey.store.usage_lost',
    description: 'Uses of credentials that were not written.',
    unit: '{use}',
    attributes: ({ store }) => ({ 'latchkey.store.name': store }),
    value: ({ count = 0 }) => count,
  },
  {
    channel: 'latchkey:oauth-refusal',
    name: 'latchkey.oauth.refusals',
    description: 'Requests that the authorization server rejected.',
    unit: '{refusal}',
    attributes: ({ endpoint, grantType, status, error }) => ({
      'latchkey.oauth.endpoint': endpoint,
      'latchkey.oauth.grant_type': grantType,
      'http.response.status_code': status,
      'error.type': String(error),
    }),
  },
  {
    channel: 'latchkey:management',
    name: 'latchkey.management.outages',
    description: 'Requests to the management API and pages that were 503.',
    unit: '{request}',
    attributes: (event) => ({
      'http.request.method': event.method,
      'error.type': causeOf(event),
    }),
  },
];

/** Counts the events of every channel but decisions. Returns a function that stops counting. */
export function countEvents(meter: Meter): () => void {
  const stops = COUNTERS.map((counter) => startCounting(meter, counter));
  return () => stops.forEach((stop) => stop());
}

function startCounting(meter: Meter, counter: EventCounter): () => void {
  const { channel, name, description, unit, attributes, value = () => 1 } = counter;
  const instrument = meter.createCounter(name, { description, unit });
  const onEvent = (message: unknown) => {
    const event = message as CountedEvent;
    const amount = value(event);
    if (amount > 0) {
      instrument.add(amount, omitUndefined(attributes(event)));
    }
  };
  subscribe(channel, onEvent);
  return () => unsubscribe(channel, onEvent);
}
