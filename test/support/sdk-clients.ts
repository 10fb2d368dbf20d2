import * as next from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { onTestFinished } from 'vitest';

export interface CallOptions {
  onprogress?(report: { progress: number; total?: number | undefined }): void;
  /** Called with the place in the stream that the call can be taken up from. */
  onresumptiontoken?(token: string): void;
  /** Takes up a call instead of making it. */
  readonly resumptionToken?: string;
}

/** An official client, connected; what it is told and asked is in the lists. */
export interface SdkClient {
  readonly session: string | undefined;
  readonly logs: unknown[];
  readonly updates: string[];
  toolNames(): Promise<string[]>;
  resourceNames(): Promise<string[]>;
  promptNames(): Promise<string[]>;
  setLevel(level: 'debug' | 'error'): Promise<unknown>;
  subscribe(uri: string): Promise<unknown>;
  /** The text that a tool answers. */
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<string>;
  terminate(): Promise<void>;
  close(): Promise<void>;
}

/** Connects; with the id of a session it goes on with that one. Closed with the test. */
export type Connect = (url: string, sessionId?: string) => Promise<SdkClient>;

const INFO = { name: 'test', version: '1' };
const CAPABILITIES = { sampling: {}, elicitation: {} };
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

/** Client and transport of either line, as far as they are alike. */
interface Alike {
  readonly client: {
    listTools(): Promise<{ tools: { name: string }[] }>;
    listResources(): Promise<{ resources: { uri: string }[] }>;
    listPrompts(): Promise<{ prompts: { name: string }[] }>;
    setLoggingLevel(level: 'debug' | 'error'): Promise<unknown>;
    subscribeResource(params: { uri: string }): Promise<unknown>;
    close(): Promise<void>;
  };
  readonly transport: { readonly sessionId?: string | undefined; terminateSession(): Promise<void> };
}

function wrap(
  { client, transport }: Alike,
  heard: Pick<SdkClient, 'logs' | 'updates'>,
  call: SdkClient['call'],
): SdkClient {
  onTestFinished(() => client.close());
  return {
    ...heard,
    call,
    get session() {
      return transport.sessionId;
    },
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    resourceNames: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    promptNames: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
    setLevel: (level) => client.setLoggingLevel(level),
    subscribe: (uri) => client.subscribeResource({ uri }),
    terminate: () => transport.terminateSession(),
    close: () => client.close(),
  };
}

/** `@modelcontextprotocol/sdk`, the 1.x line. */
export const connectSdk1: Connect = async (url, sessionId) => {
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
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), sessionId ? { sessionId } : {});
  await client.connect(transport as Parameters<Client['connect']>[0]);
  return wrap({ client, transport }, heard, async (name, args = {}, options = {}) =>
    textOf(await client.callTool({ name, arguments: args }, CallToolResultSchema, options)),
  );
};

/** `@modelcontextprotocol/client`, the 2.x line; `auto` looks for the revision without sessions first. */
export function connectSdk2(mode: 'legacy' | 'auto'): Connect {
  return async (url, sessionId) => {
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
    const transport = new next.StreamableHTTPClientTransport(
      new URL(`${url}/mcp`),
      sessionId ? { sessionId } : {},
    );
    await client.connect(transport);
    return wrap({ client, transport }, heard, async (name, args = {}, options = {}) =>
      textOf(await client.callTool({ name, arguments: args }, options)),
    );
  };
}
