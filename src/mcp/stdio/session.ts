import { createHttpClient, type HttpClient } from './http-client.ts';
import { type Id, isRequest, type Message } from './json-rpc.ts';
import { createLastSession } from './last-session.ts';
import type { SessionMemory } from './memory.ts';
import { readResponse } from './response.ts';

/** The HTTP side of the bridge: a client of Streamable HTTP whose session outlives the process. */
export interface HttpSession {
  /** Sends the client's `initialize`. Its response must be handed to `opened`. */
  open(text: string, message: Message): Promise<Response>;
  /** The server accepted `initialize`: from now on requests name a session, the client's last one if it had any. */
  opened(headers: Headers, protocolVersion: string): Promise<void>;
  /** Sends anything else. A session that the server no longer knows is replaced by a new one, and the text sent again. */
  send(text: string): Promise<Response>;
  /** Settles when the work in the background is done. */
  settled(): Promise<void>;
}

export interface SessionParts {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly memory: SessionMemory;
  /** The session to resume; then nothing is looked up or remembered. */
  readonly session: string | undefined;
  /** Human-readable messages. */
  readonly log: (message: string) => void;
}

const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';

interface Initialize {
  readonly text: string;
  readonly message: Message;
}

export function createHttpSession({ fetch, memory, session, log }: SessionParts): HttpSession {
  const client = createHttpClient(fetch);
  const last = createLastSession(memory, session, log);
  let current = session;
  /** What `initialize` opened, while an older session is tried first. */
  let spare: string | undefined;
  let initialize: Initialize | undefined;
  let renewing: Promise<void> | undefined;
  let dropping: Promise<void> | undefined;

  async function renew(lost: string, initialize: Initialize): Promise<void> {
    const id = spare ?? (await openSession(client, initialize));
    spare = undefined;
    current = id;
    log(`session ${lost} is unknown to the server or has ended; continuing with the new session ${id}`);
    await last.keep(clientName(initialize), id);
  }

  return {
    open(text, message) {
      initialize = { text, message };
      return client.initialize(text, message);
    },
    async opened(headers, agreed) {
      client.protocolVersion = agreed;
      const fresh = headers.get('mcp-session-id') ?? undefined;
      if (fresh === undefined) {
        current = undefined;
        if (session !== undefined) log('the server keeps no sessions: --session has no effect');
        return;
      }
      const previous = await last.find(clientName(initialize));
      current = previous ?? fresh;
      if (previous === undefined) await last.keep(clientName(initialize), fresh);
      else if (previous !== fresh) spare = fresh;
    },
    async send(text) {
      const used = current;
      const response = await client.post(used, text);
      if (used === undefined) return response;
      if (response.ok && spare !== undefined) {
        dropping = drop(client, memory, spare);
        spare = undefined;
      }
      if (response.status !== 404 || initialize === undefined) return response;
      await response.body?.cancel();
      if (current === used) {
        renewing ??= renew(used, initialize).finally(() => {
          renewing = undefined;
        });
        await renewing;
      }
      return client.post(current, text);
    },
    settled: async () => dropping,
  };
}

function clientName(initialize: Initialize | undefined): string {
  const name = initialize?.message.params?.clientInfo?.name;
  return typeof name === 'string' ? name : '';
}

async function openSession(client: HttpClient, { text, message }: Initialize): Promise<string> {
  const response = await client.initialize(text, message);
  const parsed = readResponse(response, isRequest(message) ? [message.id as Id] : []);
  for await (const _ of parsed.lines);
  const id = response.headers.get('mcp-session-id');
  if (id === null || parsed.protocolVersion === undefined) {
    throw new Error(`the session has ended, and no other could be opened: ${parsed.problem}`);
  }
  client.protocolVersion = parsed.protocolVersion;
  await (await client.post(id, INITIALIZED)).body?.cancel();
  return id;
}

/**
 * Ends the session that was opened while an older one still worked, and deletes it, because no client ever heard of it:
 * otherwise it would look like one that a client has ended.
 */
async function drop(client: HttpClient, memory: SessionMemory, unused: string): Promise<void> {
  try {
    const response = await client.delete(unused);
    await response.body?.cancel();
    if (response.ok) await memory.forget(unused);
  } catch {
    // It expires.
  }
}
