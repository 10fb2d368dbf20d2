import type { SessionMemory } from './memory.ts';

/** The session that a client continues. Failures of the store are logged: a client without its last session gets a new one. */
export interface LastSession {
  find(client: string): Promise<string | undefined>;
  keep(client: string, session: string): Promise<void>;
}

/** With `fixed`, the session that the user named, nothing is looked up or remembered. */
export function createLastSession(
  memory: SessionMemory,
  fixed: string | undefined,
  log: (message: string) => void,
): LastSession {
  return {
    async find(client) {
      if (fixed !== undefined) return fixed;
      try {
        return await memory.find(client);
      } catch (error) {
        log(`the last session cannot be looked up: ${(error as Error).message}`);
        return undefined;
      }
    },
    async keep(client, session) {
      if (fixed !== undefined) return;
      try {
        await memory.keep(client, session);
      } catch (error) {
        log(`session ${session} will not be resumed by the next start: ${(error as Error).message}`);
      }
    },
  };
}
