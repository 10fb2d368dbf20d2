import { version } from '../../../version.ts';
import type { AdministeredServer } from '../administration.ts';
import { type Route, schemaNamed } from './route.ts';

export const SERVER_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/overview',
    id: 'getOverview',
    summary: 'What is served, where its data is, and how busy it is.',
    parameters: [],
    responses: { 200: { description: 'The overview.', schema: schemaNamed('Overview') } },
    run: ({ server }) => ({ status: 200, body: overview(server) }),
  },
  {
    method: 'GET',
    path: '/events',
    id: 'getEvents',
    summary:
      'Server-sent events: `session` when one was written, `request` when one is over, `sample` with figures once a second, `missed` after a client was too slow.',
    parameters: [],
    responses: { 200: { description: 'The events.', type: 'text/event-stream', schema: { type: 'string' } } },
    run({ feed }, { request, response }) {
      if (request.method === 'HEAD') return { status: 200, headers: { 'content-type': 'text/event-stream' } };
      feed.open(response);
      return undefined;
    },
  },
];

function overview(server: AdministeredServer): object {
  const { phase, storeUrl, storeGuarantee, purgedSessions } = server.status();
  const { source, digest } = server.component();
  return {
    version,
    node: process.versions.node,
    phase,
    uptime: Math.round(process.uptime()),
    component: { source, digest },
    ...(storeUrl !== undefined && {
      store: { url: storeUrl, ...storeGuarantee },
    }),
    sessions: { bucket: server.store()?.sessions?.bucket ?? null, purged: purgedSessions },
    load: sample(server),
  };
}

/** Figures of this moment; `cpu` and the counters grow from the start of the process. */
export function sample(server: AdministeredServer): object {
  const { load, phase } = server.status();
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    at: Date.now(),
    phase,
    guests: load?.guests ?? 0,
    waiting: load?.waiting ?? 0,
    workers: load?.serving ?? 0,
    rss,
    heap: heapUsed,
    cpu: (user + system) / 1000,
  };
}

const COUNT = { type: 'integer', minimum: 0 };

export const SERVER_SCHEMAS: Readonly<Record<string, object>> = {
  Error: { type: 'object', properties: { error: { type: 'string' } }, required: ['error'] },
  Overview: {
    type: 'object',
    properties: {
      version: { type: 'string' },
      node: { type: 'string' },
      phase: { type: 'string', enum: ['starting', 'ready', 'draining', 'store-broken', 'store-unavailable'] },
      uptime: { ...COUNT, description: 'Seconds.' },
      component: {
        type: 'object',
        properties: { source: { type: 'string' }, digest: { type: 'string' } },
        required: ['source', 'digest'],
      },
      store: {
        type: 'object',
        properties: { url: { type: 'string' }, durability: { type: 'string' }, engine: { type: 'string' } },
        required: ['url'],
      },
      sessions: {
        type: 'object',
        properties: { bucket: { type: ['string', 'null'] }, purged: COUNT },
        required: ['bucket', 'purged'],
      },
      load: schemaNamed('Sample'),
    },
    required: ['version', 'node', 'phase', 'uptime', 'component', 'sessions', 'load'],
  },
  Sample: {
    type: 'object',
    properties: {
      at: { type: 'integer', description: 'Milliseconds since 1970.' },
      phase: { type: 'string' },
      guests: COUNT,
      waiting: { ...COUNT, description: 'Requests that wait for a worker.' },
      workers: COUNT,
      rss: { ...COUNT, description: 'Bytes of memory of the process.' },
      heap: { ...COUNT, description: 'Bytes in use on the heap of the main thread.' },
      cpu: { type: 'number', description: 'Milliseconds of processor time since the start.' },
    },
    required: ['at', 'phase', 'guests', 'waiting', 'workers', 'rss', 'heap', 'cpu'],
  },
};
