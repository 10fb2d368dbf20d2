import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { MAX_STATE } from './limits.ts';
import type { StateKey, StateKeys } from './state-keys.ts';

/** What a `requestState` says: which wait of which guest it belongs to, and who may use it, for what. */
export interface StateFacts {
  /** Of the wait; unique. */
  readonly id: Buffer;
  /** When it expires, in milliseconds since 1970. */
  readonly expires: number;
  /** Key of the principal that made the call; undefined for none. */
  readonly owner: string | undefined;
  /** Digest of what the call asks for. */
  readonly request: Buffer;
}

const FORMAT = 1;
const HEAD = 5;
const IV = 12;
const TAG = 16;
const ID = 16;
const DIGEST = 32;
const ALGORITHM = 'aes-256-gcm';
const TEXT = /^[A-Za-z0-9_-]+$/;

export function newStateId(): Buffer {
  return randomBytes(ID);
}

/** AES-256-GCM over all facts (NIST SP 800-38D). Nonces are random: a key is used for a day. */
export function sealState(facts: StateFacts, { epoch, key }: StateKey): string {
  const head = Buffer.alloc(HEAD);
  head.writeUInt8(FORMAT);
  head.writeUInt32BE(epoch, 1);
  const iv = randomBytes(IV);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG }).setAAD(head);
  const sealed = Buffer.concat([cipher.update(encode(facts)), cipher.final()]);
  return Buffer.concat([head, iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** Undefined for everything that `sealState` did not return with a key that is still kept. */
export async function openState(text: string, keys: StateKeys): Promise<StateFacts | undefined> {
  if (text.length > MAX_STATE || !TEXT.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  // Of several spellings of the same bytes, one is accepted.
  if (bytes.length <= HEAD + IV + TAG || bytes[0] !== FORMAT || bytes.toString('base64url') !== text) {
    return undefined;
  }
  const key = await keys.find(bytes.readUInt32BE(1));
  return key && decrypt(bytes, key);
}

function decrypt(bytes: Buffer, key: Uint8Array): StateFacts | undefined {
  const [iv, tag, sealed] = [HEAD, HEAD + IV, HEAD + IV + TAG];
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(iv, tag), { authTagLength: TAG })
    .setAAD(bytes.subarray(0, iv))
    .setAuthTag(bytes.subarray(tag, sealed));
  try {
    return decode(Buffer.concat([decipher.update(bytes.subarray(sealed)), decipher.final()]));
  } catch {
    return undefined;
  }
}

function encode({ id, expires, owner, request }: StateFacts): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(expires));
  return Buffer.concat([id, time, request, Buffer.from(owner ?? '')]);
}

function decode(bytes: Buffer): StateFacts {
  const [time, request, owner] = [ID, ID + 8, ID + 8 + DIGEST];
  return {
    id: bytes.subarray(0, time),
    expires: Number(bytes.readBigUInt64BE(time)),
    request: bytes.subarray(request, owner),
    owner: bytes.toString('utf8', owner) || undefined,
  };
}
