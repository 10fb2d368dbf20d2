import { DatabaseSync } from 'node:sqlite';
import { openStore } from '../../host/index.ts';
import type { KeyLedger, Verdict } from './ledger.ts';

export interface Comparison {
  readonly lost: string[];
  readonly phantom: string[];
  /** The result of `PRAGMA integrity_check` if it is not "ok". */
  readonly damage: string | undefined;
}

/** Opens the store after a crash as the next server would, and compares it with the responses that clients got. */
export async function compare(path: string, keys: readonly KeyLedger[]): Promise<Comparison> {
  const found: Record<Verdict, string[]> = { kept: [], lost: [], phantom: [] };
  const store = await openStore(`sqlite:${path}`);
  for (const ledger of keys) {
    const value = await store.get('default', ledger.key);
    found[ledger.settle(value && Buffer.from(value).toString())].push(ledger.key);
  }
  await store.close();
  return { lost: found.lost, phantom: found.phantom, damage: damage(path) };
}

function damage(path: string): string | undefined {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const [row] = database.prepare('PRAGMA integrity_check').all();
    const answer = String(row?.integrity_check);
    return answer === 'ok' ? undefined : answer;
  } finally {
    database.close();
  }
}
