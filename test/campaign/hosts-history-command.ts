/**
 * Clients work on one store through two hosts, while hosts, the engine, and the power of the engine's disk are cut off; then the
 * history of each key is checked for linearizability:
 *
 *   npm run campaign:hosts-history -- [--engine postgres] [--hosts 10] [--engines 10] [--cuts 10] [--controls 5]
 *     [--clients 16] [--keys 40] [--load 1000] [--seed 1]
 *
 * `--engine` is `postgres`, `redis` or `valkey`. The controls are power cuts of an engine that acknowledges what its disk does not
 * have yet, and must find violations; otherwise the campaign would prove nothing. Power cuts need root.
 */
import { campaign, number } from './command.ts';
import { noDisks } from './disk.ts';
import { engineName, noEngine, startEngine } from './engine.ts';
import { type Fault, type HostsHistoryReport, hostsHistoryCampaign } from './hosts-history.ts';

const defaults = {
  ...{ engine: 'postgres', hosts: '10', engines: '10', cuts: '10', controls: '5' },
  ...{ clients: '16', keys: '40', load: '1000', seed: '1' },
};

await campaign(defaults, async (values, progress) => {
  const name = engineName(values.engine);
  const missing = noEngine(name) ?? noDisks();
  if (missing !== undefined) throw new Error(missing);
  const run = async (isWeak: boolean, faults: readonly Fault[]): Promise<HostsHistoryReport> => {
    const engine = await startEngine(name, { isWeak, hasDisk: true });
    try {
      return await hostsHistoryCampaign({
        engine,
        faults,
        clients: number(values.clients),
        keys: number(values.keys),
        load: number(values.load),
        seed: number(values.seed),
        progress,
      });
    } finally {
      await engine.close();
    }
  };
  const times = (fault: Fault, count: string): Fault[] => Array<Fault>(number(count)).fill(fault);
  const report = await run(false, [
    ...times('host', values.hosts),
    ...times('engine', values.engines),
    ...times('power', values.cuts),
  ]);
  const controls = times('power', values.controls);
  const control = controls.length > 0 ? await run(true, controls) : undefined;
  return {
    report: { engine: name, report, control },
    passed: report.violations.length === 0 && (control === undefined || control.violations.length > 0),
  };
});
