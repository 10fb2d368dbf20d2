import type { SessionSummary } from '../../../mcp/sessions/session-summary.ts';
import { VALUE_TYPES } from '../../../mcp/sessions/typed-value.ts';
import { schemaNamed } from './route.ts';

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
