import type { Store } from '../../host/index.ts';
import type { Mcp } from '../mcp/mcp.ts';
import type { AdministeredServer } from './admin/administration.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What the API sees of a server. `store` is the option of that name. */
export function administeredServer(
  lifecycle: Lifecycle,
  mcp: Mcp,
  store: string | Store,
): AdministeredServer {
  return {
    status: lifecycle.status,
    component: () => lifecycle.served.component,
    store() {
      const { engine, served } = lifecycle;
      if (engine === undefined) return undefined;
      const { leases } = engine;
      return {
        url: typeof store === 'string' ? store : undefined,
        local: engine.store.local,
        leases,
        sessions: mcp.sessions(served.component, leases),
      };
    },
  };
}
