import { RESERVED_PREFIX, type Store } from '../../../../host/index.ts';
import { isObject } from '../client-message.ts';

/** Where the sessions of principals are kept; guests cannot open it. */
export const PRINCIPALS: string = `${RESERVED_PREFIX}principals`;

/** What a principal has. */
export interface PrincipalRecord {
  /** The session in which its requests run. */
  readonly session: string | undefined;
  /** Sessions that it has created as handles, and that may have ended. */
  readonly handles: readonly string[];
}

export interface StoredRecord {
  readonly record: PrincipalRecord;
  readonly version: bigint;
}

/** The records of principals, by the key of `Owners`. */
export interface PrincipalRecords {
  read(owner: string): Promise<StoredRecord>;
  /** Returns false if another request or host has written since `version` was read. */
  write(owner: string, version: bigint, record: PrincipalRecord): Promise<boolean>;
}

const NOTHING: PrincipalRecord = { session: undefined, handles: [] };

/** The principal of a key, if it belongs to a bucket with sessions. */
export function principalOfKey(key: string, bucket: string): string | undefined {
  const owner = key.slice(0, OWNER_LENGTH);
  return key === `${owner}:${bucket}` ? owner : undefined;
}

/** Characters of a digest of 256 bits in base64url. */
const OWNER_LENGTH = 43;

/** Each bucket with sessions has records of its own: a session of another one would be unknown to the guest. */
export function createPrincipalRecords(store: Store, bucket: string): PrincipalRecords {
  const keyOf = (owner: string): string => `${owner}:${bucket}`;
  return {
    async read(owner) {
      const { value, version } = await store.read(PRINCIPALS, keyOf(owner));
      return { record: value === undefined ? NOTHING : parse(value), version };
    },
    async write(owner, version, record) {
      return store.swap(PRINCIPALS, keyOf(owner), version, Buffer.from(JSON.stringify(record)));
    },
  };
}

function parse(bytes: Uint8Array): PrincipalRecord {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (!isObject(value)) return NOTHING;
    const { session, handles } = value;
    return {
      session: typeof session === 'string' ? session : undefined,
      handles: Array.isArray(handles) ? handles.filter((one) => typeof one === 'string') : [],
    };
  } catch {
    return NOTHING;
  }
}
