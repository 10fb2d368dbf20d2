import { join } from 'node:path';
import * as next from '@modelcontextprotocol/client';
import { StdioClientTransport as NextStdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { onTestFinished } from 'vitest';
import { rawGlueEnvironment } from './raw-glue.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
  onprogress?(report: { progress: number; total?: number | undefined }): void;
  /** Called with the position in the stream from which the call can be resumed. */
  onresumptiontoken?(token: string): void;
  /** Resumes a call instead of making it. */
  readonly resumptionToken?: string;
}

/** A connected official client; the lists contain what the server sent and requested. */
export interface SdkClient {
  readonly session: string | undefined;
  /** The revision that it speaks; undefined if it does not tell. */
  readonly protocolVersion: string | undefined;
  readonly logs: unknown[];
  readonly updates: string[];
  toolNames(): Promise<string[]>;
  resourceNames(): Promise<string[]>;
  promptNames(): Promise<string[]>;
  setLevel(level: 'debug' | 'error'): Promise<unknown>;
  subscribe(uri: string): Promise<unknown>;
  /** The text that a tool returns. */
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<string>;
  terminate(): Promise<void>;
  close(): Promise<void>;
}

/** One release line of the official clients. Their connections are closed at the end of the test. */
export interface Sdk {
  /** If the id of a session is given, it continues that session. */
  connect(url: string, sessionId?: string): Promise<SdkClient>;
  /** Starts `wasmcp-node stdio` with these arguments. */
  spawn(args: readonly string[]): Promise<SdkClient>;
}

const COMMAND: string = join(import.meta.dirname, '../../bin/wasmcp-node.js');

const INFO = { name: 'test', version: '1' };
const CAPABILITIES = { sampling: {}, elicitation: {}, roots: {} };
const ROOTS = { roots: [{ uri: 'file:///project', name: 'work' }] };
const ELICITED = { action: 'accept' as const, content: { username: 'ada', email: 'ada@example.com' } };
const SAMPLED = {
  role: 'assistant' as const,
  content: { type: 'text' as const, text: 'a model said so' },
  model: 'test',
};

function textOf(result: object): string {
  const { content } = result as { content?: { text?: unknown }[] };
  const text = content?.[0]?.text;
  if (typeof text !== 'string') throw new Error(`a tool answered ${JSON.stringify(result)}`);
  return text;
}

/** The common part of the clients of both lines, and the transport if it knows sessions. */
interface Alike {
  readonly client: {
    listTools(): Promise<{ tools: { name: string }[] }>;
    listResources(): Promise<{ resources: { uri: string }[] }>;
    listPrompts(): Promise<{ prompts: { name: string }[] }>;
    setLoggingLevel(level: 'debug' | 'error'): Promise<unknown>;
    subscribeResource(params: { uri: string }): Promise<unknown>;
    getNegotiatedProtocolVersion?(): string | undefined;
    close(): Promise<void>;
  };
  readonly http: { readonly sessionId?: string | undefined; terminateSession(): Promise<void> } | undefined;
}

function wrap(
  { client, http }: Alike,
  heard: Pick<SdkClient, 'logs' | 'updates'>,
  call: SdkClient['call'],
): SdkClient {
  onTestFinished(() => client.close());
  return {
    ...heard,
    call,
    get session() {
      return http?.sessionId;
    },
    get protocolVersion() {
      return client.getNegotiatedProtocolVersion?.();
    },
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    resourceNames: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    promptNames: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
    setLevel: (level) => client.setLoggingLevel(level),
    subscribe: (uri) => client.subscribeResource({ uri }),
    terminate: async () => http?.terminateSession(),
    close: () => client.close(),
  };
}

function stdio(args: readonly string[]) {
  const words = [COMMAND, 'stdio', ...args];
  return { command: process.execPath, args: words, env: rawGlueEnvironment(), stderr: 'ignore' } as const;
}

/** `@modelcontextprotocol/sdk`, the 1.x line. */
export function sdk1(): Sdk {
  async function open(transport: StreamableHTTPClientTransport | StdioClientTransport): Promise<SdkClient> {
    const heard = { logs: [] as unknown[], updates: [] as string[] };
    const client = new Client(INFO, { capabilities: CAPABILITIES });
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      heard.logs.push(params.data);
    });
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
      heard.updates.push(params.uri);
    });
    client.setRequestHandler(ElicitRequestSchema, () => ELICITED);
    client.setRequestHandler(CreateMessageRequestSchema, () => SAMPLED);
    client.setRequestHandler(ListRootsRequestSchema, () => ROOTS);
    await client.connect(transport as Parameters<Client['connect']>[0]);
    const http = transport instanceof StreamableHTTPClientTransport ? transport : undefined;
    return wrap({ client, http }, heard, async (name, args = {}, options = {}) =>
      textOf(await client.callTool({ name, arguments: args }, CallToolResultSchema, options)),
    );
  }
  return {
    connect: (url, sessionId) =>
      open(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), sessionId ? { sessionId } : {})),
    spawn: (args) => open(new StdioClientTransport(stdio(args))),
  };
}

/** `@modelcontextprotocol/client`, the 2.x line; `auto` tries the revision without sessions first, `pin` tries no other. */
export function sdk2(mode: 'legacy' | 'auto' | { readonly pin: string }): Sdk {
  async function open(
    transport: next.StreamableHTTPClientTransport | NextStdioClientTransport,
  ): Promise<SdkClient> {
    const heard = { logs: [] as unknown[], updates: [] as string[] };
    const client = new next.Client(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode } });
    client.setNotificationHandler('notifications/message', ({ params }) => {
      heard.logs.push(params.data);
    });
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      heard.updates.push(params.uri);
    });
    client.setRequestHandler('elicitation/create', () => ELICITED);
    client.setRequestHandler('sampling/createMessage', () => SAMPLED);
    client.setRequestHandler('roots/list', () => ROOTS);
    await client.connect(transport);
    const http = transport instanceof next.StreamableHTTPClientTransport ? transport : undefined;
    return wrap({ client, http }, heard, async (name, args = {}, options = {}) =>
      textOf(await client.callTool({ name, arguments: args }, options)),
    );
  }
  return {
    connect: (url, sessionId) =>
      open(new next.StreamableHTTPClientTransport(new URL(`${url}/mcp`), sessionId ? { sessionId } : {})),
    spawn: (args) => open(new NextStdioClientTransport(stdio(args))),
  };
}
