import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createMonitor } from '../../src/server/admin/monitor.ts';
import { temporaryFolder } from '../support/command.ts';
import { callTool, initialize } from '../support/mcp.ts';
import { listen } from '../support/serving.ts';

const DASHBOARD: string = readFileSync(
  join(import.meta.dirname, '../../deploy/grafana-dashboard.json'),
  'utf8',
);

interface Panel {
  readonly targets?: readonly { readonly expr: string }[];
}

/** The names of metrics in an expression of PromQL, and the labels that it uses. */
function namesIn(expression: string): string[] {
  return expression.match(/\b(wasmcp_node|http_server|mcp_server|nodejs|process)_\w+/g) ?? [];
}

test('the dashboard queries metrics and labels that /metrics has', async () => {
  const monitor = createMonitor();
  onTestFinished(monitor.close);
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const { url } = await listen('notes-draft', { monitor, store, mcp: 'guide' });
  await callTool(url, await initialize(url), 'counter');
  while (!(await monitor.metrics()).includes('wasmcp_node_gate_wait_seconds_count'));
  const text = await monitor.metrics();
  const { panels } = JSON.parse(DASHBOARD) as { panels: readonly Panel[] };
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  expect(expressions.length).toBeGreaterThan(20);
  const types = new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name!, type!]));
  const missing = expressions.flatMap(namesIn).filter((name) => {
    const family = name.replace(/_(bucket|count|sum)$/, '');
    return types.get(name) === undefined && types.get(family) !== 'histogram';
  });
  expect(missing).toEqual([]);
});
