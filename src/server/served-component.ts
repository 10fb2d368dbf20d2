import type { LoadedComponent } from '../component/component.ts';
import { assertInterruptible } from '../component/countable.ts';
import type { Mcp } from '../mcp/mcp.ts';
import { type AccessPolicy, createAccessPolicy } from './access-policy/access-policy.ts';
import { isAllowedOrigin } from './access-policy/allow-list.ts';
import type { BoundAddress } from './bound-address.ts';
import type { ServerSettings } from './options.ts';

/** A component and what depends on it: a reload replaces all of it. */
export interface ServedComponent {
  readonly component: LoadedComponent;
  readonly policy: AccessPolicy;
}

export interface ServerContext {
  readonly options: ServerSettings;
  readonly mcp: Mcp;
  /** Where the server listens; none while it does not. */
  readonly addresses: () => readonly BoundAddress[];
}

/** @throws WasmcpError `option-invalid` */
export function createServedComponent(
  component: LoadedComponent,
  { options, mcp, addresses }: ServerContext,
): ServedComponent {
  if (options.workers === 0) assertInterruptible(component);
  const allowOrigins = [...options.allowOrigins, ...mcp.origins(component).filter(isAllowedOrigin)];
  const refused = (reason: string): void => void options.log('warn', 'access-policy', reason);
  return {
    component,
    policy: createAccessPolicy({ ...options, allowOrigins }, { addresses, refused }),
  };
}

/** The policy that `current` returns at each call. */
export function currentPolicy(current: () => AccessPolicy): AccessPolicy {
  return {
    admit: (head) => current().admit(head),
    opensToAnyHost: () => current().opensToAnyHost(),
    describe: () => current().describe(),
  };
}
