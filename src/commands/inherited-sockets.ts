import { WasmcpError } from '../../host/index.ts';
import type { InheritedSocket } from '../server/inherited-socket.ts';

/** The first descriptor that a service manager passes: sd_listen_fds(3). */
const FIRST = 3;
const VARIABLES = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES'];

/**
 * The sockets that systemd has opened for this process. Removes the variables that announce them: neither a guest nor a child
 * process gets the sockets.
 *
 * @throws WasmcpError `option-invalid` if there are none
 */
export function takeInheritedSockets(environment: NodeJS.ProcessEnv, pid: number): InheritedSocket[] {
  const { LISTEN_FDS: text, LISTEN_PID: owner } = environment;
  for (const name of VARIABLES) delete environment[name];
  if (text === undefined || !/^[1-9]\d{0,3}$/.test(text)) throw none('LISTEN_FDS is not set');
  if (owner !== String(pid)) throw none(`LISTEN_PID is ${owner ?? 'not set'}, and this process is ${pid}`);
  return Array.from({ length: Number(text) }, (_, i) => ({ fd: FIRST + i }));
}

function none(reason: string): WasmcpError {
  return new WasmcpError(
    'option-invalid',
    `--systemd-listenfd found no sockets: ${reason}; start it by a .socket unit of systemd, without a shell or npx in between`,
  );
}
