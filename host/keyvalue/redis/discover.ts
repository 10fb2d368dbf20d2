import { WasmcpError } from '../../error.ts';
import { within } from '../network/outcomes.ts';
import { createCluster } from './cluster.ts';
import { readSettings } from './engine-settings.ts';
import { askSentinels, createSingle } from './single.ts';
import type { Topology, TopologyOptions } from './topology.ts';
import { firstOf } from './url.ts';

/**
 * Finds out of what kind the engine is that the URL names.
 *
 * @throws WasmcpError `option-invalid`; also errors of connecting
 */
export async function discover(options: TopologyOptions): Promise<Topology> {
  const { target, connector, timeout } = options;
  if (target.sentinel !== undefined) return createSingle(options, () => askSentinels(options));
  const [first, ...others] = target.addresses;
  const mode = await firstOf(target.addresses, async (address) => {
    const link = await connector.open(address);
    try {
      return (await within(readSettings(link), timeout)).mode;
    } finally {
      link.close();
    }
  });
  if (mode === 'cluster') return createCluster(options);
  if (others.length === 0) return createSingle(options, async () => first!);
  throw new WasmcpError(
    'option-invalid',
    `${target.shown} is not a cluster: several hosts need one, or ?sentinel=NAME`,
  );
}
