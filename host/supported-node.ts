/** The oldest major version of Node that this package supports, as in `engines` of its package.json. */
const OLDEST = 24;

// Every entry of the package imports this first: what follows may not even load in an older Node.
if (Number.parseInt(process.versions.node, 10) < OLDEST) {
  const message = `wasmcp-node needs Node ${OLDEST} or newer; this is Node ${process.versions.node}`;
  const error = new Error(message);
  // Without the stack, which is of no use here.
  error.stack = `Error: ${message}`;
  throw error;
}
