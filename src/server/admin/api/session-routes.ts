import type { SessionOrder, SessionQuery } from '../../../mcp/sessions/session-page.ts';
import type { SessionSummary } from '../../../mcp/sessions/session-summary.ts';
import { VALUE_TYPES } from '../../../mcp/sessions/typed-value.ts';
import type { AdministeredStore } from '../administration.ts';
import { ApiError, type Reply } from './reply.ts';
import {
  type ApiContext,
  type Call,
  pathParameter,
  queryParameter,
  type Route,
  schemaNamed,
} from './route.ts';

const ID = pathParameter('id', "the session's id");
const KEY = pathParameter('key', 'the key of a value');

export const SESSION_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/sessions',
    id: 'listSessions',
    summary: 'Sessions, a page at a time. A page that looked at many sessions may be short, even empty.',
    parameters: [
      queryParameter('limit', 'sessions on the page', {
        type: 'integer',
        minimum: 1,
        maximum: 1000,
        default: 100,
      }),
      queryParameter('cursor', '`next` of the previous page of the same query', {
        type: 'string',
        maxLength: 1024,
      }),
      queryParameter('search', 'part of an id, a subject or an issuer, in any case', {
        type: 'string',
        maxLength: 256,
      }),
      queryParameter('subject', 'the exact owner', { type: 'string', maxLength: 4096 }),
      queryParameter('state', 'only these', { type: 'string', enum: ['live', 'ended', 'expired'] }),
      queryParameter(
        'sort',
        'by the last write of the server, the opening or the bytes of the values; by id without it',
        {
          type: 'string',
          enum: ['updated', 'created', 'size'],
        },
      ),
      queryParameter('order', '`desc` by default; only with `sort`', {
        type: 'string',
        enum: ['asc', 'desc'],
      }),
    ],
    responses: { 200: { description: 'The page.', schema: schemaNamed('SessionPage') } },
    async run(context, { query }) {
      const sessions = sessionsOf(context);
      if (sessions === undefined) return { status: 200, body: { sessions: [] } };
      const page = await context.service().sessions(sessions.bucket, {
        limit: Number(query.limit),
        cursor: query.cursor,
        search: query.search,
        subject: query.subject,
        state: query.state as SessionQuery['state'],
        sort: query.sort as SessionOrder | undefined,
        order: query.order as SessionQuery['order'],
      });
      return { status: 200, body: { sessions: page.sessions.map(sessionRecord), next: page.next } };
    },
  },
  {
    method: 'GET',
    path: '/sessions/{id}',
    id: 'getSession',
    summary: 'One session with its values.',
    parameters: [ID],
    responses: {
      200: { description: 'The session.', schema: schemaNamed('Session') },
      413: { description: 'Its values are too large for one response.', schema: schemaNamed('Error') },
    },
    async run(context, { path }) {
      const { bucket } = requireSessions(context);
      const session = await context.service().session(bucket, path.id!);
      if (session === undefined) throw unknown(path.id!);
      return { status: 200, body: { ...sessionRecord(session), values: session.values } };
    },
  },
  {
    method: 'DELETE',
    path: '/sessions/{id}',
    id: 'endSession',
    summary: 'Ends a session: its next request gets 404, its data stays until it is purged.',
    parameters: [
      ID,
      queryParameter('reason', 'stored with the session', { type: 'string', maxLength: 1024 }),
    ],
    responses: {
      204: { description: 'The session has ended.' },
      409: { description: 'It had ended or expired already.', schema: schemaNamed('Error') },
    },
    async run(context, { path, query }) {
      const { bucket } = requireSessions(context);
      const reason = query.reason ?? 'ended by an administrator';
      const ended = await context.service().endSession(bucket, path.id!, reason);
      context.touched(path.id!);
      if (!ended) throw new ApiError(409, `session ${path.id} had ended or expired already`);
      return { status: 204 };
    },
  },
  {
    method: 'PUT',
    path: '/sessions/{id}/values/{key}',
    id: 'setValue',
    summary:
      'Writes a value between two requests of the session. A value keeps its type: delete it first to change that.',
    parameters: [ID, KEY],
    body: schemaNamed('TypedValue'),
    responses: {
      204: { description: 'The value is stored.' },
      409: { description: 'The session has ended.', schema: schemaNamed('Error') },
      422: {
        description: 'The value does not fit its type, or the key belongs to the server.',
        schema: schemaNamed('Error'),
      },
    },
    run: (context, { path, body }) => edit(context, path, body ?? null),
  },
  {
    method: 'DELETE',
    path: '/sessions/{id}/values/{key}',
    id: 'deleteValue',
    summary: 'Deletes a value, if it exists, between two requests of the session.',
    parameters: [ID, KEY],
    responses: {
      204: { description: 'There is no such value any more.' },
      409: { description: 'The session has ended.', schema: schemaNamed('Error') },
      422: { description: 'The key belongs to the server.', schema: schemaNamed('Error') },
    },
    run: (context, { path }) => edit(context, path, undefined),
  },
];

async function edit(context: ApiContext, path: Call['path'], record: unknown): Promise<Reply> {
  const { bucket, turns } = requireSessions(context);
  const { id, key } = path as { readonly id: string; readonly key: string };
  await turns.take(id, (fence) => context.service().setValue(bucket, id, key, record, fence));
  context.touched(id);
  return { status: 204 };
}

function sessionsOf({ server }: ApiContext): AdministeredStore['sessions'] {
  return server.store()?.sessions;
}

function requireSessions(context: ApiContext): NonNullable<AdministeredStore['sessions']> {
  context.service();
  const sessions = sessionsOf(context);
  if (sessions === undefined) throw new ApiError(404, 'this server keeps no sessions');
  return sessions;
}

function unknown(id: string): ApiError {
  return new ApiError(404, `there is no session "${id}"`);
}

/** As JSON; times in milliseconds since 1970. */
export function sessionRecord({
  id,
  state,
  metadata,
  keys,
  bytes,
  updated,
  edited,
  subject,
  issuer,
}: SessionSummary): object {
  return {
    id,
    state: state.name,
    created: metadata.createdAt,
    updated,
    edited,
    expires: metadata.expiresAt,
    over: state.name === 'live' ? undefined : state.since,
    reason: metadata.reason,
    subject,
    issuer,
    keys,
    bytes,
  };
}

const TIME = { type: 'integer', description: 'Milliseconds since 1970.' };
const COUNT = { type: 'integer', minimum: 0 };

const SUMMARY = {
  id: { type: 'string', format: 'uuid' },
  state: { type: 'string', enum: ['live', 'ended', 'expired'] },
  created: TIME,
  updated: { ...TIME, description: 'When its server last wrote; milliseconds since 1970.' },
  edited: { ...TIME, description: 'When an administrator last changed it.' },
  expires: TIME,
  over: TIME,
  reason: { type: 'string' },
  subject: { type: 'string' },
  issuer: { type: 'string' },
  keys: COUNT,
  bytes: { ...COUNT, description: 'Of all values, the metadata of the server included.' },
};
const REQUIRED = ['id', 'state', 'created', 'updated', 'keys', 'bytes'];

export const SESSION_SCHEMAS: Readonly<Record<string, object>> = {
  SessionSummary: { type: 'object', properties: SUMMARY, required: REQUIRED },
  SessionPage: {
    type: 'object',
    properties: {
      sessions: { type: 'array', items: schemaNamed('SessionSummary') },
      next: { type: 'string' },
    },
    required: ['sessions'],
  },
  Session: {
    type: 'object',
    properties: { ...SUMMARY, values: { type: 'array', items: schemaNamed('SessionValue') } },
    required: [...REQUIRED, 'values'],
  },
  SessionValue: {
    type: 'object',
    description:
      '`u64` and `s64` are decimal text, `bytes` and `unknown` are base64. JSON that cannot be repeated exactly is `text` instead of `value`.',
    properties: {
      key: { type: 'string' },
      type: { type: 'string', enum: [...VALUE_TYPES, 'unknown'] },
      value: {},
      text: { type: 'string' },
    },
    required: ['key', 'type'],
  },
  TypedValue: {
    type: 'object',
    description: 'As SessionValue; integers may also be numbers, as far as JSON expresses them exactly.',
    properties: { type: { type: 'string', enum: VALUE_TYPES }, value: {}, text: { type: 'string' } },
    required: ['type'],
  },
};
