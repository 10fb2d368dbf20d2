import { WasmcpError } from '../../error.ts';
import { totalOf } from '../network/metrics.ts';
import { within } from '../network/outcomes.ts';
import type { Place } from './layout.ts';
import { createServer, type Server } from './server.ts';
import type { Connector } from './server-link.ts';
import { slotOf } from './slots.ts';
import type { Topology, TopologyOptions } from './topology.ts';
import { type Address, firstOf, shownAddress } from './url.ts';

/** Milliseconds between two looks at the layout of the cluster, while one of its servers is unavailable. */
const PAUSE = 500;

interface Slots {
  readonly first: number;
  readonly last: number;
  readonly server: Server;
}

/** The primary servers of a cluster, each of which has some of the 16,384 slots of keys. */
export function createCluster(options: TopologyOptions): Topology {
  const { target, connector, connections, timeout, changed } = options;
  let openedBefore = 0;
  const servers = new Map<string, { readonly address: Address; readonly server: Server }>();
  const failures = createFailures(changed);
  let slots: readonly Slots[] = [];
  let learning: Promise<void> | undefined;
  let isOutdated = true;
  let lastLook = -Infinity;

  function serverAt(address: Address): Server {
    const name = shownAddress(address);
    const known = servers.get(name);
    if (known !== undefined) return known.server;
    const server = createServer({
      url: `${target.shown} (${name})`,
      connections,
      async connect() {
        // Meanwhile another one can have taken its place.
        if (failures.has(name)) await refresh().catch(() => {});
        return connector.connect(address);
      },
      changed(failure) {
        isOutdated ||= failure !== undefined;
        failures.set(name, failure);
      },
    });
    servers.set(name, { address, server });
    return server;
  }

  function refresh(): Promise<void> {
    learning ??= learn().finally(() => {
      learning = undefined;
    });
    return learning;
  }

  async function learn(): Promise<void> {
    lastLook = performance.now();
    apply(await firstOf(addresses(), (address) => rangesKnownTo(address, connector, timeout)));
    isOutdated = false;
  }

  const addresses = (): Address[] => addressesOf(servers.values(), target.addresses);

  function apply(ranges: readonly SlotRange[]): void {
    slots = ranges.map(([first, last, address]) => ({ first, last, server: serverAt(address) }));
    const names = new Set(ranges.map(([, , address]) => shownAddress(address)));
    for (const [name, { server }] of servers) {
      if (names.has(name)) continue;
      servers.delete(name);
      openedBefore += server.metrics().opened;
      server.close();
      failures.set(name, undefined);
    }
  }

  /** Learns the layout for the first time, and when it seems to have changed. */
  async function lookIfNeeded(): Promise<void> {
    if (slots.length === 0) return refresh();
    if (!isOutdated || performance.now() - lastLook < PAUSE) return;
    // Otherwise the calls themselves fail.
    await refresh().catch(() => {});
  }

  return {
    isCluster: true,
    async serverFor(place) {
      await lookIfNeeded();
      const found = serverOf(place, slots);
      if (found !== undefined) return found;
      isOutdated = true;
      throw new WasmcpError('store-unavailable', `${target.shown} has slots that no server has`);
    },
    serverAt,
    async servers() {
      await lookIfNeeded();
      return [...new Set(slots.map(({ server }) => server))];
    },
    // Messages reach all servers.
    subscribe: (ended) => firstOf(addresses(), (address) => connector.subscribe(address, ended)),
    refresh,
    outdated() {
      isOutdated = true;
    },
    close: () => servers.forEach(({ server }) => void server.close()),
    metrics: () =>
      totalOf(
        [...servers.values()].map(({ server }) => server.metrics()),
        openedBefore,
      ),
  };
}

/** Those that are known, and those of the URL. */
function addressesOf(known: Iterable<{ address: Address }>, given: readonly Address[]): Address[] {
  return [...Array.from(known, ({ address }) => address), ...given];
}

function serverOf({ tag }: Place, slots: readonly Slots[]): Server | undefined {
  const slot = slotOf(tag);
  return slots.find(({ first, last }) => first <= slot && slot <= last)?.server;
}

interface Failures {
  has(name: string): boolean;
  /** Undefined when a server is available again. */
  set(name: string, failure: WasmcpError | undefined): void;
}

/** Reports the first of several failures, and the end of the last one. */
function createFailures(changed: TopologyOptions['changed']): Failures {
  const current = new Map<string, WasmcpError>();
  return {
    has: (name) => current.has(name),
    set(name, failure) {
      const before = current.size;
      if (failure === undefined) current.delete(name);
      else current.set(name, failure);
      if (before === 0 && failure !== undefined) changed(failure);
      else if (before > 0 && current.size === 0) changed(undefined);
    },
  };
}

type SlotRange = readonly [first: number, last: number, address: Address];

async function rangesKnownTo(asked: Address, connector: Connector, timeout: number): Promise<SlotRange[]> {
  const link = await connector.open(asked);
  try {
    const slots = within(link.send(['CLUSTER', 'SLOTS']), timeout);
    const reply = (await slots) as [number, number, [Buffer | null, number]][];
    // A server that does not know its own name leaves it out.
    return reply.map(([first, last, [host, port]]) => [
      first,
      last,
      { host: String(host ?? '') || asked.host, port },
    ]);
  } finally {
    link.close();
  }
}
