import { RESERVED_PREFIX } from '../../../../host/index.ts';
import type { SessionOrder, SessionQuery } from '../../../mcp/sessions/session-query.ts';
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
import { sessionRecord } from './session-record.ts';

const ID = pathParameter('id', "the session's id");
const KEY = pathParameter('key', 'the key of a value');
const BUCKET = queryParameter(
  'bucket',
  "the bucket with the session; by default the one of the server's sessions",
  {
    type: 'string',
    maxLength: 255,
  },
);

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
    async run(context, { query, signal }) {
      const sessions = sessionsOf(context);
      if (sessions === undefined) return { status: 200, body: { sessions: [] } };
      const wanted: SessionQuery = {
        limit: Number(query.limit),
        cursor: query.cursor,
        search: query.search,
        subject: query.subject,
        state: query.state as SessionQuery['state'],
        sort: query.sort as SessionOrder | undefined,
        order: query.order as SessionQuery['order'],
      };
      const page = await context.service().sessions(sessions.bucket, wanted, signal);
      return { status: 200, body: { sessions: page.sessions.map(sessionRecord), next: page.next } };
    },
  },
  {
    method: 'GET',
    path: '/sessions/{id}',
    id: 'getSession',
    summary: 'One session with its values.',
    parameters: [ID, BUCKET],
    responses: {
      200: { description: 'The session.', schema: schemaNamed('Session') },
      413: { description: 'Its values are too large for one response.', schema: schemaNamed('Error') },
    },
    async run(context, { path, query }) {
      const { bucket } = placeOf(context, query);
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
      BUCKET,
      queryParameter('reason', 'stored with the session', { type: 'string', maxLength: 1024 }),
    ],
    responses: {
      204: { description: 'The session has ended.' },
      409: { description: 'It had ended or expired already.', schema: schemaNamed('Error') },
    },
    async run(context, { path, query }) {
      const { bucket, own } = placeOf(context, query);
      const reason = query.reason ?? 'ended by an administrator';
      const ended = await context.service().endSession(bucket, path.id!, reason);
      if (own !== undefined) context.touched(path.id!);
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
    parameters: [ID, KEY, BUCKET],
    body: schemaNamed('TypedValue'),
    responses: {
      204: { description: 'The value is stored.' },
      409: { description: 'The session has ended.', schema: schemaNamed('Error') },
      422: {
        description: 'The value does not fit its type, or the key belongs to the server.',
        schema: schemaNamed('Error'),
      },
    },
    run: (context, call) => edit(context, call, call.body ?? null),
  },
  {
    method: 'DELETE',
    path: '/sessions/{id}/values/{key}',
    id: 'deleteValue',
    summary: 'Deletes a value, if it exists, between two requests of the session.',
    parameters: [ID, KEY, BUCKET],
    responses: {
      204: { description: 'There is no such value any more.' },
      409: { description: 'The session has ended.', schema: schemaNamed('Error') },
      422: { description: 'The key belongs to the server.', schema: schemaNamed('Error') },
    },
    run: (context, call) => edit(context, call, undefined),
  },
];

async function edit(context: ApiContext, { path, query }: Call, record: unknown): Promise<Reply> {
  const { bucket, own } = placeOf(context, query);
  const { id, key } = path as { readonly id: string; readonly key: string };
  const service = context.service();
  if (own === undefined) await service.setValueInTurn(bucket, id, key, record);
  else {
    await own.turns.take(id, (fence) => service.setValue(bucket, id, key, record, fence));
    context.touched(id);
  }
  return { status: 204 };
}

function sessionsOf({ server }: ApiContext): AdministeredStore['sessions'] {
  return server.store()?.sessions;
}

interface SessionPlace {
  readonly bucket: string;
  /** The server's sessions, if the bucket is theirs. */
  readonly own: AdministeredStore['sessions'];
}

/** Where the session of a call is: other servers may keep theirs in other buckets of the same store. */
function placeOf(context: ApiContext, query: Call['query']): SessionPlace {
  context.service();
  const sessions = sessionsOf(context);
  const bucket = query.bucket ?? sessions?.bucket;
  if (bucket === undefined) throw new ApiError(404, 'this server keeps no sessions: name a bucket');
  if (bucket.startsWith(RESERVED_PREFIX)) throw new ApiError(403, `bucket "${bucket}" has no sessions`);
  return { bucket, own: bucket === sessions?.bucket ? sessions : undefined };
}

function unknown(id: string): ApiError {
  return new ApiError(404, `there is no session "${id}"`);
}
