import { RESERVED_PREFIX } from '../../../../host/index.ts';
import { prefixOf, sessionOfKey } from '../../../mcp/sessions/layout.ts';
import { ApiError, type Reply } from './reply.ts';
import {
  type ApiContext,
  type Call,
  pathParameter,
  queryParameter,
  type Route,
  schemaNamed,
} from './route.ts';
import type { StoredEntry, StoreService } from './store-service.ts';

const BUCKET = pathParameter('bucket', 'the name of a bucket');
const KEY = pathParameter('key', 'the key of an entry');
const INTERNAL = queryParameter('internal', 'include the buckets that wasmcp-node keeps for itself', {
  type: 'boolean',
  default: false,
});
const INTERNAL_WRITE = queryParameter(
  'internal',
  'include the buckets that wasmcp-node keeps for itself, and the keys of sessions',
  { type: 'boolean', default: false },
);
const VERSION = queryParameter('version', 'only if the entry still has this version', {
  type: 'string',
  maxLength: 20,
});

const REFUSED = {
  description: 'The bucket is internal, or the key belongs to a session: see `internal`.',
  schema: schemaNamed('Error'),
};
const CHANGED = { description: 'The entry has another version.', schema: schemaNamed('Error') };

export const BUCKET_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/buckets',
    id: 'listBuckets',
    summary: 'The buckets that contain keys.',
    parameters: [INTERNAL],
    responses: { 200: { description: 'Their names.', schema: schemaNamed('Buckets') } },
    async run(context, { query }) {
      const names = await context.service().buckets();
      const shown = names.filter((name) => query.internal === 'true' || !name.startsWith(RESERVED_PREFIX));
      return { status: 200, body: { buckets: shown.map((name) => ({ name })) } };
    },
  },
  {
    method: 'GET',
    path: '/buckets/{bucket}/keys',
    id: 'listKeys',
    summary: 'Keys of a bucket, ordered by their bytes, a page at a time.',
    parameters: [
      BUCKET,
      queryParameter('prefix', 'only keys that begin with this', { type: 'string', maxLength: 4096 }),
      queryParameter('cursor', '`next` of the previous page', { type: 'string', maxLength: 8192 }),
      queryParameter('limit', 'keys on the page', {
        type: 'integer',
        minimum: 1,
        maximum: 1000,
        default: 100,
      }),
      INTERNAL,
    ],
    responses: { 200: { description: 'The page.', schema: schemaNamed('KeyPage') } },
    async run(context, { path, query }) {
      requireShown(path, query);
      const limit = Number(query.limit);
      const after =
        query.cursor === undefined ? undefined : Buffer.from(query.cursor, 'base64url').toString();
      const keys = await context.service().keys(path.bucket!, { prefix: query.prefix ?? '', after, limit });
      const last = keys.length === limit ? keys.at(-1)?.key : undefined;
      const next = last === undefined ? undefined : Buffer.from(last).toString('base64url');
      return { status: 200, body: { keys, next } };
    },
  },
  {
    method: 'GET',
    path: '/buckets/{bucket}/keys/{key}',
    id: 'getKey',
    summary: 'One entry.',
    parameters: [BUCKET, KEY, INTERNAL],
    responses: { 200: { description: 'The entry.', schema: schemaNamed('Entry') } },
    async run(context, { path, query }) {
      requireShown(path, query);
      const entry = await context.service().entry(path.bucket!, path.key!);
      if (entry === undefined) throw new ApiError(404, `bucket "${path.bucket}" has no key "${path.key}"`);
      const session = await context.service().owner(path.bucket!, path.key!);
      return { status: 200, body: { ...entryRecord(path.key!, entry), session } };
    },
  },
  {
    method: 'PUT',
    path: '/buckets/{bucket}/keys/{key}',
    id: 'setKey',
    summary: "Writes an entry; a session's entry between two of its requests.",
    parameters: [BUCKET, KEY, INTERNAL_WRITE, VERSION],
    body: schemaNamed('EntryValue'),
    responses: { 204: { description: 'The entry is stored.' }, 403: REFUSED, 412: CHANGED },
    run: (context, call) => write(context, call, entryBytes(call.body)),
  },
  {
    method: 'DELETE',
    path: '/buckets/{bucket}/keys/{key}',
    id: 'deleteKey',
    summary: 'Deletes an entry, if it exists.',
    parameters: [BUCKET, KEY, INTERNAL_WRITE, VERSION],
    responses: { 204: { description: 'There is no such entry any more.' }, 403: REFUSED, 412: CHANGED },
    run: (context, call) => write(context, call, undefined),
  },
];

async function write(context: ApiContext, call: Call, value: Uint8Array | undefined): Promise<Reply> {
  const { path, query } = call;
  const { bucket, key } = path as { readonly bucket: string; readonly key: string };
  requireShown(path, query);
  const version = query.version === undefined ? undefined : parseVersion(query.version);
  const service = context.service();
  if (query.internal !== 'true') await refuseSession(service, bucket, key);
  const sessions = context.server.store()?.sessions;
  const session = bucket === sessions?.bucket ? sessionOfKey(key) : undefined;
  const written =
    session === undefined || sessions === undefined
      ? await service.writeEntry(bucket, key, value, { version })
      : await sessions.turns.take(session, (fence) =>
          service.writeEntry(bucket, key, value, { version, fence }),
        );
  if (session !== undefined) context.touched(session);
  if (!written) throw new ApiError(412, `"${key}" was changed meanwhile: read it again`);
  return { status: 204 };
}

/** Values of sessions have types, which only the session's own routes keep. */
async function refuseSession(service: StoreService, bucket: string, key: string): Promise<void> {
  const id = await service.owner(bucket, key);
  if (id === undefined) return;
  throw new ApiError(
    403,
    `"${key}" belongs to session ${id}, whose values have types: use sessions/${id}/values/${key.slice(prefixOf(id).length)}, or add internal=true if you really mean it`,
  );
}

function requireShown({ bucket = '' }: Call['path'], { internal }: Call['query']): void {
  if (internal === 'true' || !bucket.startsWith(RESERVED_PREFIX)) return;
  throw new ApiError(
    403,
    `bucket "${bucket}" is internal to wasmcp-node: add internal=true if you really mean it`,
  );
}

function parseVersion(text: string): bigint {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  throw new ApiError(400, 'version is a decimal number, as GET returns it');
}

// Keeps a byte order mark, so that the bytes come back unchanged.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function entryRecord(key: string, { value, version, updated }: StoredEntry): object {
  const about = { key, size: value.byteLength, updated, version: version.toString() };
  try {
    return { ...about, encoding: 'text', value: UTF8.decode(value) };
  } catch {
    return { ...about, encoding: 'base64', value: Buffer.from(value).toString('base64') };
  }
}

/** Node's decoder skips what is not base64, which would change values silently. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function entryBytes(body: unknown): Uint8Array {
  const { encoding, value } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  if (typeof value !== 'string') throw new ApiError(422, 'value must be a string');
  if (encoding === 'text' && value.isWellFormed()) return Buffer.from(value);
  if (encoding === 'base64' && BASE64.test(value)) return Buffer.from(value, 'base64');
  throw new ApiError(422, 'encoding is text, or base64 with a value that is padded base64');
}

const TIME = { type: 'integer', description: 'Milliseconds since 1970.' };
const SIZE = { type: 'integer', minimum: 0, description: 'Bytes of the value.' };
const ENCODED = {
  encoding: { type: 'string', enum: ['text', 'base64'], description: '`text` if the value is UTF-8.' },
  value: { type: 'string' },
};

export const BUCKET_SCHEMAS: Readonly<Record<string, object>> = {
  Buckets: {
    type: 'object',
    properties: {
      buckets: {
        type: 'array',
        items: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      },
    },
    required: ['buckets'],
  },
  KeyPage: {
    type: 'object',
    properties: {
      keys: {
        type: 'array',
        items: {
          type: 'object',
          properties: { key: { type: 'string' }, size: SIZE, updated: TIME },
          required: ['key', 'size', 'updated'],
        },
      },
      next: { type: 'string' },
    },
    required: ['keys'],
  },
  Entry: {
    type: 'object',
    properties: {
      key: { type: 'string' },
      ...ENCODED,
      size: SIZE,
      updated: TIME,
      version: { type: 'string' },
      session: { type: 'string', format: 'uuid', description: 'The session that the key belongs to.' },
    },
    required: ['key', 'encoding', 'value', 'size', 'version'],
  },
  EntryValue: { type: 'object', properties: ENCODED, required: ['encoding', 'value'] },
};
