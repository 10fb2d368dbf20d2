import { expect, test } from 'vitest';
import type { FromWorker, ToWorker } from '../../../src/engine/protocol/messages.ts';
import {
  receivedFromWorker,
  receivedToWorker,
  sentFromWorker,
  sentToWorker,
} from '../../../src/engine/protocol/sent-messages.ts';

const request: ToWorker = {
  type: 'request',
  id: 7,
  method: 'POST',
  scheme: 'https',
  authority: 'example.com',
  path: '/a?b',
  headers: ['Accept', '*/*', 'a', 'b'],
  body: 'text',
  follows: false,
  due: 12.5,
  fence: undefined,
  env: undefined,
  trace: undefined,
  change: undefined,
};
const answer: FromWorker = {
  type: 'answer',
  id: 7,
  status: 200,
  headers: ['a', 'b'],
  body: 'text',
  isIndependent: true,
  usage: undefined,
  instances: undefined,
};

test.each<ToWorker>([
  request,
  {
    ...request,
    authority: undefined,
    headers: [],
    body: Uint8Array.of(1, 2),
    follows: true,
    fence: 'fence',
    env: { NAME: 'value' },
    trace: { traceparent: '00-1-2-01' },
    change: { kind: 'set', bucket: 'b', key: 'k' } as never,
  },
  { type: 'body', id: 7, bytes: Uint8Array.of(1) },
  { type: 'abort', id: 7, reason: 'because' },
])('a message to a worker arrives as it was sent: %j', (message) => {
  expect(receivedToWorker(structuredClone(sentToWorker(message)))).toEqual(message);
});

test.each<FromWorker>([
  answer,
  {
    ...answer,
    headers: [],
    isIndependent: false,
    usage: [1.5, 3000],
    instances: { created: 1, restored: 0, discarded: { poisoned: 1 } },
  },
  { type: 'head', id: 7, status: 200, headers: ['a', 'b'] },
  { type: 'ready' },
])('a message from a worker arrives as it was sent: %j', (message) => {
  expect(receivedFromWorker(structuredClone(sentFromWorker(message)))).toEqual(message);
});
