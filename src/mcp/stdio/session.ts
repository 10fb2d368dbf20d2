import { type Id, isRequest, type Message } from './json-rpc.ts';
import type { SessionMemory } from './memory.ts';
import { readAnswer } from './response.ts';

/** The HTTP side of the bridge: a client of Streamable HTTP whose session outlives the process. */
export interface HttpSession {
  /** Sends the client's `initialize`. Its answer has to be handed to `opened`. */
  open(text: string, message: Message): Promise<Response>;
  /** The server agreed to speak: from now on a session is named, the client's last one if it had any. */
  opened(headers: Headers, protocolVersion: string): Promise<void>;
  /** Sends anything else. A session that the server no longer knows is replaced by a new one, and the text sent again. */
  send(text: string): Promise<Response>;
  /** Settles when nothing is left to be done that no client waits for. */
  settled(): Promise<void>;
}

export interface SessionParts {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly memory: SessionMemory;
  /** The session to resume; nothing is looked up or remembered then. */
  readonly session: string | undefined;
  /** For people: what they would otherwise wonder about. */
  readonly log: (message: string) => void;
}

/** No socket is involved: the host is one that every server takes for local. */
const ENDPOINT = 'http://localhost/mcp';

const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';

export function createHttpSession({ fetch, memory, session, log }: SessionParts): HttpSession {
  let current = session;
  /** What `initialize` opened while an older session is tried first. */
  let spare: string | undefined;
  let protocolVersion: string | undefined;
  let initialize: { readonly text: string; readonly message: Message } | undefined;
  let renewing: Promise<void> | undefined;
  let dropping: Promise<void> | undefined;

  function request(method: 'POST' | 'DELETE', id: string | undefined, text?: string): Promise<Response> {
    const headers = new Headers({ accept: 'application/json, text/event-stream' });
    if (text !== undefined) headers.set('content-type', 'application/json');
    if (protocolVersion !== undefined) headers.set('mcp-protocol-version', protocolVersion);
    if (id !== undefined) headers.set('mcp-session-id', id);
    return fetch(new Request(ENDPOINT, { method, headers, body: text ?? null }));
  }

  /** wasmcp's servers look for the wanted version in the header, and refuse one that they do not know. */
  async function open(text: string, message: Message): Promise<Response> {
    const wanted = message.params?.protocolVersion;
    protocolVersion = typeof wanted === 'string' && /^[\w.-]+$/.test(wanted) ? wanted : undefined;
    const response = await request('POST', undefined, text);
    if (response.status !== 400 || protocolVersion === undefined) return response;
    await response.body?.cancel();
    protocolVersion = undefined;
    return request('POST', undefined, text);
  }

  function clientName(): string {
    const name = initialize?.message.params?.clientInfo?.name;
    return typeof name === 'string' ? name : '';
  }

  async function remember(id: string): Promise<void> {
    if (session !== undefined) return;
    try {
      await memory.keep(clientName(), id);
    } catch (error) {
      log(`session ${id} will not be resumed by the next start: ${(error as Error).message}`);
    }
  }

  async function lastSession(): Promise<string | undefined> {
    if (session !== undefined) return session;
    try {
      return await memory.find(clientName());
    } catch (error) {
      log(`the last session cannot be looked up: ${(error as Error).message}`);
      return undefined;
    }
  }

  async function openAnother(): Promise<string> {
    const { text, message } = initialize!;
    const response = await open(text, message);
    const answer = readAnswer(response, isRequest(message) ? [message.id as Id] : []);
    for await (const _ of answer.lines);
    const id = response.headers.get('mcp-session-id');
    if (id === null || answer.protocolVersion === undefined) {
      throw new Error(`the session has ended, and no other could be opened: ${answer.problem}`);
    }
    protocolVersion = answer.protocolVersion;
    await (await request('POST', id, INITIALIZED)).body?.cancel();
    return id;
  }

  async function renew(lost: string): Promise<void> {
    const id = spare ?? (await openAnother());
    spare = undefined;
    current = id;
    log(`session ${lost} is unknown to the server or has ended; going on with the new session ${id}`);
    await remember(id);
  }

  /**
   * The older session works: the one that was opened for nothing is ended, and deleted, as no client ever heard of it. It
   * would look like one that a client has ended.
   */
  async function drop(unused: string): Promise<void> {
    try {
      const response = await request('DELETE', unused);
      await response.body?.cancel();
      if (response.ok) await memory.forget(unused);
    } catch {
      // It expires.
    }
  }

  return {
    open(text, message) {
      initialize = { text, message };
      return open(text, message);
    },
    async opened(headers, agreed) {
      protocolVersion = agreed;
      const fresh = headers.get('mcp-session-id') ?? undefined;
      if (fresh === undefined) {
        current = undefined;
        if (session !== undefined) log('the server keeps no sessions: --session has no effect');
        return;
      }
      const last = await lastSession();
      current = last ?? fresh;
      if (last === undefined) await remember(fresh);
      else if (last !== fresh) spare = fresh;
    },
    async send(text) {
      const used = current;
      const response = await request('POST', used, text);
      if (used === undefined) return response;
      if (response.status !== 404) {
        if (response.ok && spare !== undefined) {
          dropping = drop(spare);
          spare = undefined;
        }
        return response;
      }
      if (initialize === undefined) return response;
      await response.body?.cancel();
      if (current === used) {
        renewing ??= renew(used).finally(() => {
          renewing = undefined;
        });
        await renewing;
      }
      return request('POST', current, text);
    },
    settled: async () => dropping,
  };
}
