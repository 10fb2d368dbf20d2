import { createHash } from 'node:crypto';
import { createBatch, openStore, type Store } from '../../host/index.ts';

/** What `fillWithSessions` writes. */
export interface SessionMix {
  /** How many sessions. */
  readonly sessions: number;
  /** How many of them expired long ago, so that a purge deletes them. */
  readonly expired: number;
  /** How many different subjects own them. */
  readonly subjects: number;
}

const DAY = 86_400;

/** A session id that is the same each time, of the form that wasmcp's servers give them. */
export function sessionId(n: number): string {
  const hex = createHash('sha256').update(`session ${n}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Fills a store with sessions as wasmcp's servers write them: metadata, subject, issuer, a counter and a cart. */
export async function fillWithSessions(
  store: Store,
  { sessions, expired, subjects }: SessionMix,
): Promise<void> {
  const batch = createBatch(store);
  const now = Date.now();
  for (let n = 0; n < sessions; n++) {
    const id = sessionId(n);
    const isExpired = n < expired;
    const seconds = Math.floor(now / 1000);
    const metadata = {
      terminated: false,
      created_at: now - n * 1000 - (isExpired ? 60 * DAY * 1000 : 0),
      expires_at: isExpired ? seconds - 30 * DAY : seconds + 30 * DAY,
    };
    const counter = Buffer.alloc(9, 3);
    counter.writeBigUInt64LE(BigInt(n), 1);
    const entries: [string, Uint8Array][] = [
      ['__meta__', Buffer.from(`\x02${JSON.stringify(metadata)}`)],
      ['jwt:sub', Buffer.from(`\x06user-${n % subjects}`)],
      ['jwt:iss', Buffer.from('\x06https://issuer.example')],
      ['counter', counter],
      ['cart', Buffer.from(`\x02${JSON.stringify(['apple', `item ${n}`])}`)],
    ];
    for (const [key, value] of entries) await batch.add({ bucket: 'default', key: `${id}:${key}`, value });
  }
  await batch.flush();
}

if (import.meta.main) {
  const [url = 'sqlite:sessions.db', sessions = '1000000', expired = '900000'] = process.argv.slice(2);
  const store = await openStore(url, { durability: 'process' });
  const began = performance.now();
  await fillWithSessions(store, {
    sessions: Number(sessions),
    expired: Number(expired),
    subjects: Math.ceil(Number(sessions) / 20),
  });
  await store.close();
  console.log(`${sessions} sessions in ${Math.round(performance.now() - began)} ms`);
}
