import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import {
  type Attributes,
  type MeterProvider,
  metrics,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import * as z from 'zod/mini';

import type { Decision } from '../authentication/decisions';
import { omitUndefined } from '../internal/objects';
import { booleanOption, checkOptions, objectWithMethods } from '../internal/options';
import { countEvents } from './opentelemetry/counters';
import { errorType } from './opentelemetry/error-type';

/** Options of `instrument()`. */
export interface InstrumentOptions {
  /** Creates the metrics. @default the global provider */
  readonly meterProvider?: MeterProvider;
  /**
   * Creates a span `latchkey.decision` for each decision, inside the active span.
   * @default no spans: each decision only sets attributes on the active span
   */
  readonly tracerProvider?: TracerProvider;
  /**
   * Whether spans have `enduser.id`, the subject of the credential, which may be personal data.
   * @default false
   */
  readonly endUser?: boolean;
}

const optionsSchema = z.strictObject({
  meterProvider: z.optional(objectWithMethods<MeterProvider>('getMeter')),
  tracerProvider: z.optional(objectWithMethods<TracerProvider>('getTracer')),
  endUser: z.optional(booleanOption),
});

/** In seconds. Most decisions are hits of the cache, and the usual buckets begin above them. */
const BUCKETS = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
];

/**
 * Records decisions and events of this process with OpenTelemetry: metrics, and attributes on the
 * active span. Call it once, after the OpenTelemetry SDK has started.
 * @param options the providers, if not the global ones
 * @param options.meterProvider creates the metrics. @default the global provider
 * @param options.tracerProvider creates a span for each decision. @default no spans
 * @param options.endUser whether spans have `enduser.id`. @default false
 * @returns a function that stops recording
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` for an invalid option
 * @see https://opentelemetry.io/docs/specs/semconv/
 * @example
 * const stop = instrument();
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  const {
    meterProvider = metrics.getMeterProvider(),
    tracerProvider,
    endUser = false,
  } = checkOptions('instrument()', optionsSchema, options);
  const meter = meterProvider.getMeter('latchkey');
  const tracer = tracerProvider?.getTracer('latchkey');
  const decisions = meter.createCounter('latchkey.decisions', {
    description: 'Decisions of guards and of check().',
    unit: '{decision}',
  });
  const duration = meter.createHistogram('latchkey.decision.duration', {
    description: 'Duration of decisions.',
    unit: 's',
    advice: { explicitBucketBoundaries: BUCKETS },
  });

  const onDecision = (message: unknown) => {
    const decision = message as Decision;
    const attributes = decisionAttributes(decision);
    const withResponse = { ...attributes, ...responseAttributes(decision) };
    decisions.add(1, withResponse);
    duration.record(decision.durationMs / 1_000, withResponse);
    const caller = callerAttributes(decision, endUser);
    trace.getActiveSpan()?.setAttributes({ ...attributes, ...caller });
    if (tracer) {
      recordSpan(tracer, decision, { ...withResponse, ...caller });
    }
  };
  subscribe('latchkey:decision', onDecision);
  const stopCounting = countEvents(meter);
  return () => {
    unsubscribe('latchkey:decision', onDecision);
    stopCounting();
  };
}

/** Attributes of metrics and spans. Each has few values. */
const decisionAttributes = (decision: Decision): Attributes =>
  omitUndefined({
    'latchkey.outcome': decision.outcome,
    'latchkey.reason': decision.reason,
    'latchkey.extractor': decision.extractor,
    'latchkey.verifier': decision.verifier,
  });

/** Not set on the active span, which has those of its whole request. */
const responseAttributes = (decision: Decision): Attributes =>
  omitUndefined({
    'http.response.status_code': decision.status,
    'error.type': decision.error === undefined ? undefined : errorType(decision.error),
  });

/** Attributes of spans alone, because they have too many values for metrics. */
const callerAttributes = (decision: Decision, endUser: boolean): Attributes =>
  omitUndefined({
    'latchkey.credential.id': decision.credentialId,
    'latchkey.detail': decision.detail,
    'enduser.id': endUser ? decision.subject : undefined,
  });

function recordSpan(tracer: Tracer, decision: Decision, attributes: Attributes): void {
  const endTime = Date.now();
  const startTime = endTime - decision.durationMs;
  const span = tracer.startSpan('latchkey.decision', { attributes, startTime });
  if (decision.error !== undefined) {
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(endTime);
}
