/**
 * A TCP proxy that holds every piece of data back, as a network would; a process of its own, so that it does not share a thread
 * with what is measured. Prints its port, then, for each line that it reads, how many pieces clients have sent so far.
 *
 *   node test/bench/slow-proxy.ts PORT MILLISECONDS
 */
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const [port, milliseconds] = process.argv.slice(2).map(Number) as [number, number];
let pieces = 0;

/** Forwards what `from` sends; each piece leaves half of the round trip after it came. */
function forward(from: Socket, to: Socket, count: boolean): void {
  from.setNoDelay(true);
  from.on('data', (piece: Buffer) => {
    if (count) pieces += 1;
    if (milliseconds === 0) to.write(piece);
    else setTimeout(() => to.write(piece), milliseconds / 2);
  });
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}

const server = createServer((client) => {
  const engine = connect(port, '127.0.0.1');
  forward(client, engine, true);
  forward(engine, client, false);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(address.port);
});
createInterface({ input: process.stdin })
  .on('line', () => console.log(pieces))
  .on('close', () => process.exit());
