/**
 * Node's HTTP server. An `import` of it would read everything that the module offers, a WebSocket client among it that
 * takes as long to load as the rest of a server to start.
 */
const http: typeof import('node:http') = process.getBuiltinModule('node:http');

export const createServer: typeof http.createServer = http.createServer;
export const STATUS_CODES: typeof http.STATUS_CODES = http.STATUS_CODES;
