import { createHash } from 'node:crypto';
import type { Holder, LeaseEvent, Leases } from '../leases.ts';
import { byteaArray, textOf, utf8 } from './keys.ts';
import { listenTo, poll } from './lease-events.ts';
import type { Runner } from './runner.ts';
import { quoted } from './schema.ts';
import type { SessionPool } from './session.ts';

export interface LeasesParts {
  readonly runner: Runner;
  readonly pool: SessionPool;
  readonly schema: string;
  /** Whether the engine tells holders what happens; otherwise they ask. */
  readonly notifies: boolean;
}

/** Milliseconds after the death of a holder until what it left is removed. */
const KEPT = 60_000;

/** Each method is one call of a function, see `lease-schema.ts`. They may be repeated, as reads are. */
export function createLeases({ runner, pool, schema, notifies }: LeasesParts): Leases {
  const name = quoted(schema);
  const notify = String(notifies);
  const sql = {
    acquire: `SELECT ${name}.acquire_lease($1, $2::integer, $3, $4, $5::boolean)`,
    renew: `SELECT wanted_bucket, wanted_name FROM ${name}.renew_leases($1, $2::integer, $3::integer)`,
    // In order, so that two of them cannot wait for each other.
    release: `SELECT ${name}.release_lease($1, $2, released, $4::boolean)
      FROM (SELECT unnest($3::bytea[]) AS released ORDER BY 1) AS names`,
    leave: `SELECT ${name}.leave_leases($1, $2::boolean)`,
    events: `SELECT CASE WHEN wanted IS NULL THEN 'given' ELSE 'wanted' END, bucket, name FROM ${name}.lease
      WHERE holder = $1 AND (wanted IS NOT NULL OR name = ANY ($2::bytea[]))`,
  };
  /** By holder: names of leases that it waits for, which `report` asks for. */
  const waiting = new Map<string, Set<string>>();

  function namesOf(id: string): Set<string> {
    const names = waiting.get(id) ?? new Set<string>();
    waiting.set(id, names);
    return names;
  }

  return {
    async acquire({ id, life }, bucket, lease) {
      const [row] = await runner.read(sql.acquire, [id, life, utf8(bucket), utf8(lease), notify]);
      const token = row![0];
      if (typeof token === 'string') namesOf(id).delete(lease);
      else namesOf(id).add(lease);
      return typeof token === 'string' ? BigInt(token) : undefined;
    },
    async renew({ id, life }) {
      const rows = await runner.read(sql.renew, [id, life, KEPT]);
      return rows.map(([bucket, lease]) => ({ bucket: textOf(bucket!), name: textOf(lease!) }));
    },
    async release({ id }, bucket, leases) {
      for (const lease of leases) namesOf(id).delete(lease);
      await runner.read(sql.release, [id, utf8(bucket), byteaArray(leases.map(utf8)), notify]);
    },
    async leave({ id }) {
      waiting.delete(id);
      await runner.read(sql.leave, [id, notify]);
    },
    listen(holder, listener) {
      const report = async (): Promise<void> => {
        const names = byteaArray([...namesOf(holder.id)].map(utf8));
        const rows = await runner.read(sql.events, [holder.id, names]);
        for (const [kind, bucket, lease] of rows) listener(event(kind!, textOf(bucket!), textOf(lease!)));
      };
      if (!notifies) return poll(report);
      return listenTo(pool, channelOf(holder), {
        heard: (text) => listener(eventOf(text)),
        connected: report,
      });
    },
  };
}

/** As in the function `tell`. */
function channelOf({ id }: Holder): string {
  return `wasmcp-${createHash('md5').update(id).digest('hex')}`;
}

function eventOf(payload: string): LeaseEvent {
  const [kind, bucket, name] = payload.split(' ');
  const text = (hex: string | undefined): string => Buffer.from(hex ?? '', 'hex').toString('utf8');
  return event(kind!, text(bucket), text(name));
}

function event(kind: string, bucket: string, name: string): LeaseEvent {
  return { kind: kind === 'given' ? 'given' : 'wanted', bucket, name };
}
