import { expect, test } from 'vitest';
import { looksLikeMcp } from '../../src/mcp/looks-like-mcp.ts';

const HTTP = 'wasi:http/incoming-handler@0.2.8';

function looks(imports: readonly string[], exports: readonly string[] = [HTTP]): boolean {
  return looksLikeMcp({ imports: imports.map((name) => ({ name, functions: [], resources: [] })), exports });
}

test.each([
  'wasmcp:mcp-v20251125/mcp@0.1.1',
  'wasmcp:auth/types@0.1.1',
  'acme:mcp/types',
  'acme:mcp-tools/catalog@1.0.0',
  'mcp:server/types',
])('%s is imported by an MCP server', (name) => {
  expect(looks(['wasi:io/error@0.2.8', name])).toBe(true);
});

test('an export identifies it as well', () => {
  expect(looks([], [HTTP, 'acme:mcp-server/handler@1.0.0'])).toBe(true);
});

test.each(['wasi:keyvalue/store@0.2.0-draft', 'acme:mcpherson/types', 'acme:tools/mcp', 'acme:amcp/x'])(
  '%s says nothing of MCP',
  (name) => {
    expect(looks([name])).toBe(false);
  },
);
