import type { Component } from '../component/component.ts';

/** A package that speaks of MCP, such as `wasmcp:mcp-v20251125` or `acme:mcp-tools`. */
const PACKAGE = /(^|[:-])(was)?mcp([:-]|$)/;

/**
 * Whether a component is an MCP server, as wasmcp composes them: those name wasmcp's packages among what they import, for
 * the types in them.
 */
export function looksLikeMcp({ imports, exports }: Pick<Component, 'imports' | 'exports'>): boolean {
  const names = [...imports.map(({ name }) => name), ...exports];
  return names.some((name) => PACKAGE.test(name.split('/', 1)[0]!));
}
