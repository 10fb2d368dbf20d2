import type { Server } from '../../../src/index.ts';

export function ask(server: Server, path: string, init?: RequestInit): Promise<Response> {
  return server.fetch(new Request(`http://localhost${path}`, init));
}

export async function status(server: Server, path: string): Promise<number> {
  return (await ask(server, path)).status;
}
