import { WasmcpError } from '../../error.ts';
import { within } from '../network/outcomes.ts';
import { createServer } from './server.ts';
import type { Topology, TopologyOptions } from './topology.ts';
import { type Address, firstOf } from './url.ts';

/** One server, which has all keys. @param locate where it is, asked for each connection */
export function createSingle(options: TopologyOptions, locate: () => Promise<Address>): Topology {
  const { target, connector, connections, changed } = options;
  const server = createServer({
    url: target.shown,
    ...{ connections, changed },
    connect: async () => connector.connect(await locate()),
  });
  return {
    isCluster: false,
    serverFor: async () => server,
    serverAt: () => server,
    servers: async () => [server],
    subscribe: async (ended) => connector.subscribe(await locate(), ended),
    async refresh() {
      throw new WasmcpError('store-unusable', `${target.shown} has become a cluster: start again`);
    },
    outdated() {},
    close: () => server.close(),
    metrics: () => server.metrics(),
  };
}

/** Asks one sentinel after another where the primary server is. @throws WasmcpError, or errors of connecting */
export async function askSentinels({ target, connector, timeout }: TopologyOptions): Promise<Address> {
  const { addresses, sentinel, shown } = target;
  const reply = await firstOf(addresses, async (address) => {
    const link = await connector.openSentinel(address);
    const words = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', sentinel!];
    return within(link.send(words), timeout).finally(link.close);
  });
  if (Array.isArray(reply)) return { host: String(reply[0]), port: Number(String(reply[1])) };
  throw new WasmcpError('store-unusable', `the sentinels of ${shown} know no primary server "${sentinel}"`);
}
