/**
 * `npm start`: serves the example of docs/sessions.md, which follows wasmcp's guide. Options go after `--`.
 *
 * Ends when npm ends: a killed npm would not notify the server, which would then keep the port.
 */
import { start } from '../src/start.ts';

const LOOK = 500;

const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
}, LOOK).unref();

const fixture = new URL('../fixtures/notes-draft.wasm', import.meta.url);
process.exitCode = await start(['serve', fixture.pathname, '--mcp', 'guide', ...process.argv.slice(2)]);
