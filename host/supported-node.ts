/** The oldest major version of Node that this package is for, as its manifest says. */
const OLDEST = 24;

// The first thing that any entry of the package imports: what comes after it may not even load in an older Node.
if (Number.parseInt(process.versions.node, 10) < OLDEST) {
  const message = `wasmcp-node needs Node ${OLDEST} or newer; this is Node ${process.versions.node}`;
  const error = new Error(message);
  // Where it was thrown is of no use to anybody.
  error.stack = `Error: ${message}`;
  throw error;
}
