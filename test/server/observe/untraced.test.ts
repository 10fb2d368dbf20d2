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
