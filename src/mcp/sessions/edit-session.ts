import { checked, type Fence, type Store, WasmcpError } from '../../../host/index.ts';
import { recordEdit } from './edits.ts';
import { readSession } from './sessions.ts';
import { decodeTyped } from './typed-value.ts';

/** Keys that the server itself wrote: the metadata, and whose session it is. */
const OWN = /^(?:__meta__$|jwt:)/;

/** A value of a session. */
export interface ValueName {
  readonly bucket: string;
  readonly session: string;
  readonly key: string;
}

/**
 * Changes one value of a live session for an administrator; `undefined` deletes it. The value keeps its type, as guests rely on it. To be called while
 * it is the session's turn, see `SessionTurns`, with its fence.
 *
 * @param value Makes the bytes, given those that are there.
 * @throws WasmcpError `session-unknown`, `session-ended`, `value-refused`, `lease-lost`, `store-*`
 */
export async function editValue(
  store: Store,
  name: ValueName,
  value: (current: Uint8Array | undefined) => Uint8Array | undefined,
  fence?: Fence,
): Promise<void> {
  const { bucket, session, key } = name;
  if (key === '' || OWN.test(key)) {
    const which = key === '' ? 'the empty key' : `"${key}"`;
    throw new WasmcpError(
      'value-refused',
      `${which} belongs to the server: values of a session have other keys`,
    );
  }
  await requireLive(store, bucket, session);
  const path = `${session}:${key}`;
  const current = await store.get(bucket, path);
  const next = value(current);
  const limited = checked(store, {}, true);
  if (next !== undefined) requireType(key, current, next);
  else if (current === undefined) return;
  await recordEdit(store, name, () =>
    next === undefined ? limited.delete(bucket, path, fence) : limited.set(bucket, path, next, fence),
  );
}

/** @throws WasmcpError `session-unknown`, `session-ended` */
async function requireLive(store: Store, bucket: string, session: string): Promise<void> {
  const found = await readSession(store, bucket, session, Date.now());
  if (found === undefined || found === 'unclear') throw unknownSession(store, session);
  if (found.state.name === 'live') return;
  const { name, since } = found.state;
  const time = new Date(since).toISOString();
  throw new WasmcpError(
    'session-ended',
    `session ${session} ${name} at ${time}: its values can no longer change`,
  );
}

export function unknownSession(store: Store, session: string): WasmcpError {
  return new WasmcpError('session-unknown', `${store.url} has no session "${session}"`);
}

function requireType(key: string, current: Uint8Array | undefined, next: Uint8Array): void {
  const before = current && decodeTyped(current)?.type;
  const after = decodeTyped(next)?.type;
  if (before === undefined || before === after) return;
  throw new WasmcpError(
    'value-refused',
    `"${key}" is of type ${before}, and a guest that reads it would fail on ${after}: delete it first to change its type`,
  );
}
