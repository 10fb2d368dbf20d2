import type { Component } from '../component/component.ts';

/** The name of a package for MCP, such as `wasmcp:mcp-v20251125` or `acme:mcp-tools`. */
const PACKAGE = /(^|[:-])(was)?mcp([:-]|$)/;

/**
 * Whether a component is an MCP server composed by wasmcp: such components import wasmcp's packages, for the types in them.
 */
export function looksLikeMcp({ imports, exports }: Pick<Component, 'imports' | 'exports'>): boolean {
  const names = [...imports.map(({ name }) => name), ...exports];
  return names.some((name) => PACKAGE.test(name.split('/', 1)[0]!));
}
