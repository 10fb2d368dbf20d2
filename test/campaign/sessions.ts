import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callTool, initialize, rpc } from '../support/mcp.ts';
import { serveStore } from './server.ts';

export interface SessionsReport {
  /** Sessions that were in the middle of a conversation. */
  readonly open: number;
  /** Of those, the ones that continued where they had been. */
  readonly wentOn: number;
  readonly ended: number;
  /** Of those, the ones that were still unknown (404). */
  readonly stayedEnded: number;
}

/** One of this many sessions is ended before the server is killed. */
const ENDED = 11;

/**
 * Opens a number of MCP sessions that count, and a tenth as many that end; kills the server and starts it again; the sessions
 * continue to count.
 */
export async function sessionsCampaign(count: number): Promise<SessionsReport> {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-sessions-'));
  const settings = { path: join(folder, 'store.db'), durability: 'power', component: 'notes-draft' } as const;
  const report = { open: 0, wentOn: 0, ended: 0, stayedEnded: 0 };
  try {
    const first = await serveStore(settings);
    const sessions = await inGroups(Array.from({ length: count + Math.floor(count / 10) }), () =>
      initialize(first.url),
    );
    await inGroups(sessions, async (session, n) => {
      await callTool(first.url, session, 'counter');
      if (n % ENDED === ENDED - 1) await callTool(first.url, session, 'end_session', {});
    });
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await serveStore(settings);
    await inGroups(sessions, async (session, n) => {
      if (n % ENDED === ENDED - 1) {
        report.ended++;
        const { status } = await rpc(second.url, 'tools/list', {}, session);
        if (status === 404) report.stayedEnded++;
      } else {
        report.open++;
        if ((await callTool(second.url, session, 'counter')) === '2') report.wentOn++;
      }
    });
    second.child.kill('SIGTERM');
    await second.ended;
    return report;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs sixteen at a time. */
async function inGroups<T, R>(list: readonly T[], work: (item: T, n: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < list.length; start += 16) {
    const group = list.slice(start, start + 16);
    results.push(...(await Promise.all(group.map((item, n) => work(item, start + n)))));
  }
  return results;
}
