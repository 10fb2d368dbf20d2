import { INITIALIZE_PARAMS } from '../support/mcp.ts';

export const INITIALIZE: string = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: INITIALIZE_PARAMS,
});

/** A program that uses every entry of the package, next to `server.wasm`. */
export const SCRIPT: string = `
import { createServer, loadComponent, openStore, WasmcpError } from 'wasmcp-node';
import { createHost } from 'wasmcp-node/host';
import { serveForTest } from 'wasmcp-node/testing';
import { storeConformance } from 'wasmcp-node/conformance';

const component = await loadComponent('server.wasm');
const server = createServer(component, { store: 'sqlite:store.db' });
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const answer = await server.fetch(new Request('http://localhost/mcp', { method: 'POST', headers, body: '${INITIALIZE}' }));
console.log(answer.status, (await answer.text()).includes('serverInfo'));
await server.close();
const other = await serveForTest(component);
console.log((await fetch(other.url + '/mcp')).status < 500);
await other.close();
for (const { run } of storeConformance(() => openStore('memory:'))) await run();
console.log(typeof createHost, component.glue.kind, new WasmcpError('store-busy', '').httpStatus);
`;
