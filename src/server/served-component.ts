import type { Component } from '../component/component.ts';
import type { EngineOptions } from '../engine/engine.ts';
import type { Handler } from '../http/handler.ts';
import type { Mcp } from '../mcp/mcp.ts';
import { isAllowedOrigin } from './guard/allow-list.ts';
import { createGuard, type Guard, type GuardOptions } from './guard/guard.ts';

/** A component with everything of the server that follows from it: another one brings its own. */
export interface ServedComponent {
  readonly component: Component;
  /** Of its guests. Read when they start: the address that it contains is known once the server listens. */
  environment(): Readonly<Record<string, string>>;
  /** How clients reach its guests. */
  readonly handle: Handler;
  /** Who may. */
  readonly guard: Guard;
}

export interface Serving {
  readonly options: GuardOptions & Pick<EngineOptions, 'log'>;
  readonly mcp: Mcp;
  readonly engine: Handler;
  /** Where the server listens; undefined while it does not. */
  readonly address: () => string | undefined;
}

/** @throws WasmcpError `option-invalid` */
export function derive(component: Component, { options, mcp, engine, address }: Serving): ServedComponent {
  const allowOrigins = [...(options.allowOrigins ?? []), ...mcp.origins(component).filter(isAllowedOrigin)];
  const refused = (reason: string): void => void options.log?.('warn', 'guard', reason);
  return {
    component,
    environment: () => mcp.environment(component),
    handle: mcp.front(component, engine),
    guard: createGuard({ ...options, allowOrigins }, { address, refused }),
  };
}
