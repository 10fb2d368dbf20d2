/** Serves one component, with room for as many waiting guests as a benchmark needs; reports its address. */
import { createServer, loadComponent } from '../../src/index.ts';

const [path, liveLimit] = process.argv.slice(2);
const server = createServer(await loadComponent(path!), {
  store: 'memory:',
  workers: 1,
  liveLimit: Number(liveLimit),
  maxConnections: 2 * Number(liveLimit),
  timeout: 600_000,
  mcp: 'off',
});
process.once('disconnect', () => process.exit());
process.send!(await server.listen(0));
