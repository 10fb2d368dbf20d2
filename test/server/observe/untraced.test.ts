import { context, type Tracer, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { createRequestObservers } from '../../../src/http/request-observers.ts';
import { traceRequests } from '../../../src/server/observe/traces.ts';

test('without a registered tracer nothing is observed, and nothing is loaded', () => {
  const observers = createRequestObservers();
  const ensure = (): never => {
    throw new Error('somebody observes');
  };
  expect(traceRequests(ensure)).toBeUndefined();
  expect(observers.begin({ method: 'GET', path: '/', headers: [] })).toBeUndefined();
});

test('a tracer that does nothing is not worth observing requests', async () => {
  const nothing = trace.wrapSpanContext({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 });
  const tracer = { startSpan: () => nothing, startActiveSpan: () => context.active() } as unknown as Tracer;
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
  const observers = createRequestObservers();
  await traceRequests(() => observers);
  expect(observers.begin({ method: 'GET', path: '/', headers: [] })).toBeUndefined();
});
