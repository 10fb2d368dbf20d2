import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../support/command.ts';

/** Too heavy to be installed for everyone: `npm run test:all` names the package and fetches it. */
const PACKAGE: string | undefined = process.env.INSPECTOR;

const COMMAND: string = join(import.meta.dirname, '../../bin/wasmcp-node.js');

/** What MCP Inspector's command line prints. */
async function inspect(target: readonly string[], args: readonly string[]): Promise<unknown> {
  const child = spawn('npx', ['--yes', '--package', PACKAGE!, 'mcp-inspector', '--cli', ...target, ...args], {
    cwd: temporaryFolder(),
    env: { ...process.env, npm_config_ignore_scripts: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [printed, complaints, [status]] = await Promise.all([
    json(child.stdout).catch((error: Error) => error),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (status !== 0 || printed instanceof Error) throw new Error(`${status}: ${complaints}`);
  return printed;
}

describe.skipIf(PACKAGE === undefined)("MCP Inspector's command line", { timeout: 120_000 }, () => {
  test.each(['HTTP', 'stdio'])('lists and calls over %s', async (transport) => {
    const store = ['--store', `sqlite:${join(temporaryFolder(), 'store.db')}`];
    const target =
      transport === 'HTTP'
        ? [`${(await serve(fixture('notes-draft'), store)).url}/mcp`, '--transport', 'http']
        : [process.execPath, COMMAND, 'stdio', fixture('notes-draft'), ...store];
    const named = (name: string) => expect.arrayContaining([expect.objectContaining({ name })]);
    const tools = await inspect(target, ['--method', 'tools/list']);
    expect(tools).toMatchObject({ tools: named('cart_add') });
    const resources = await inspect(target, ['--method', 'resources/list']);
    expect(resources).toMatchObject({ resources: named('Static text') });
    const prompts = await inspect(target, ['--method', 'prompts/list']);
    expect(prompts).toMatchObject({ prompts: named('test_simple_prompt') });
    const call = ['--method', 'tools/call', '--tool-name', 'cart_add', '--tool-arg', 'item=apple'];
    expect(await inspect(target, call)).toMatchObject({ content: [{ type: 'text', text: 'apple' }] });
  });
});
