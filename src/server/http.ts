/**
 * Node's HTTP server. An `import` would evaluate every export of the module, among them a WebSocket client that takes as long
 * to load as the rest of a server takes to start.
 */
const http: typeof import('node:http') = process.getBuiltinModule('node:http');

export const createServer: typeof http.createServer = http.createServer;
export const STATUS_CODES: typeof http.STATUS_CODES = http.STATUS_CODES;
