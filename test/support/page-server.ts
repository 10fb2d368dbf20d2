import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStore } from '../../host/index.ts';
import { encodeTyped } from '../../src/mcp/sessions/typed-value.ts';
import { type Admin, type AdminOptions, openAdmin } from '../../src/server/admin/admin.ts';
import { temporaryFolder } from './command.ts';
import { callTool, initialize } from './mcp.ts';
import { type Listening, listen } from './serving.ts';

/** A server of the example for wasmcp's guide with its store in a file, and its admin address. */
export interface PageServer extends Listening {
  readonly admin: Admin;
  readonly store: string;
  /** Opens a session, says whose it is, and puts items into its cart. */
  open(subject: string, items?: readonly string[]): Promise<string>;
}

export interface PageServerOptions extends AdminOptions {
  readonly host?: string;
  readonly port?: number;
  readonly store?: string;
}

export async function servePage(options: PageServerOptions = {}): Promise<PageServer> {
  const { host = '127.0.0.1', port = 0, store = `sqlite:${join(temporaryFolder(), 'store.db')}` } = options;
  const admin = await openAdmin({ port, host }, options);
  onTestFinished(admin.close);
  const { monitor, administration } = admin;
  const serving = await listen('notes-draft', { mcp: 'guide', monitor, administration, store });
  return {
    ...serving,
    admin,
    store,
    async open(subject, items = []) {
      const id = await initialize(serving.url);
      const bytes = new TextEncoder().encode(subject);
      await write(store, `${id}:jwt:sub`, encodeTyped({ type: 'bytes', value: bytes }));
      for (const item of items) await callTool(serving.url, id, 'cart_add', { item });
      return id;
    },
  };
}

async function write(url: string, key: string, value: Uint8Array): Promise<void> {
  const store = await openStore(url);
  try {
    await store.set('default', key, value);
  } finally {
    await store.close();
  }
}
