import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LoadedComponent } from '../../src/component/component.ts';
import { createServer, type Server } from '../../src/index.ts';
import { createMonitor } from '../../src/server/admin/monitor.ts';
import { fixture } from '../support/command.ts';
import { callTool, initialize } from '../support/mcp.ts';
import { rawGlue } from '../support/raw-glue.ts';
import { component, create, listen } from '../support/serving.ts';

async function status(server: Server, path: string): Promise<number> {
  return (await server.fetch(new Request(`http://localhost${path}`))).status;
}

/** Ticks every millisecond, and returns the number of ticks when asked. */
function countTicks(): () => number {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 1);
  onTestFinished(() => clearInterval(timer));
  return () => ticks;
}

/** What one program does in a process of its own; `options` are those of its server. */
async function run(program: string, name = 'misbehave', options = ''): Promise<string> {
  const source = `
    import { createServer, loadComponent } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
    const component = await loadComponent(${JSON.stringify(fixture(name))});
    const server = createServer(component, { store: 'memory:', workers: 0, ${options} });
    const ask = async (path) => (await server.fetch(new Request('http://localhost' + path))).status;
    ${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source]);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return output + errors;
}

describe.skipIf(rawGlue)("guests on the caller's thread", () => {
  test('leave it in the middle of an endless loop, which is ended alone at its limit', async () => {
    const { server, log } = await create('misbehave', { workers: 0, timeout: 2000 });
    expect(await status(server, '/ok')).toBe(200);
    const asleep = status(server, '/nap?ms=1000');
    const spinning = status(server, '/spin');
    const ticks = countTicks();
    const others = await Promise.all(Array.from({ length: 20 }, () => status(server, '/ok')));
    expect(new Set(others)).toEqual(new Set([200]));
    expect([await asleep, await spinning]).toEqual([200, 504]);
    // A slice is 5 ms at most: alone, there are more than a thousand. One that kept the thread would leave a few.
    expect(ticks()).toBeGreaterThan(50);
    expect(log).toEqual(['error GET /spin: the guest did not respond within 2000 ms']);
  });

  test('share an instance if they are called together and none has to wait', async () => {
    const monitor = createMonitor();
    onTestFinished(monitor.close);
    const { server } = await create('misbehave', { workers: 0, monitor });
    const created = async (): Promise<string> =>
      /^wasmcp_node_instances_created_total (\d+)$/m.exec(await monitor.metrics())![1]!;
    for (let n = 0; n < 20; n += 1) await status(server, '/ok');
    const before = await created();
    await Promise.all(Array.from({ length: 60 }, () => status(server, '/ok')));
    expect(await created()).toBe(before);
  });

  test('a trap ends one of them', async () => {
    const { server } = await create('misbehave', { workers: 0 });
    const answers = ['/trap', '/ok', '/trap', '/ok'].map((path) => status(server, path));
    expect(await Promise.all(answers)).toEqual([500, 200, 500, 200]);
  });

  test('keep sessions, over a reload too', async () => {
    const { server, url } = await listen('notes-draft', { workers: 0 });
    const session = await initialize(url);
    await callTool(url, session, 'preference_set', { name: 'size', value: 'small' });
    await server.reload(await component('notes-draft'));
    expect(await callTool(url, session, 'preference_get', { name: 'size' })).toBe('small');
  });

  test('end when the server is closed, in a loop or asleep', async () => {
    const program = `
      const running = [ask('/spin'), ask('/sleep-forever')];
      await ask('/ok');
      await server.close(0);
      console.log(await Promise.all(running));`;
    expect(await run(program)).toBe('[ 502, 502 ]\n');
  });

  test('leave the process alone: it ends by itself, and nothing handles its events', async () => {
    const program = `
      const before = String(process.eventNames());
      console.log(await ask('/ok'), await ask('/trap'), String(process.eventNames()) === before);`;
    expect(await run(program)).toBe('200 500 true\n');
  });

  test('get messages in their order, even if ticks of the caller throw meanwhile', async () => {
    // The guest that loses its client prints a line: a message about another request follows before the ticks.
    const program = `
      process.on('uncaughtException', () => {});
      let print = () => {};
      const { readable, writable } = new TransformStream(undefined, { highWaterMark: 20 }, { highWaterMark: 20 });
      const writer = writable.getWriter();
      const send = (text) => void writer.write(Buffer.from(text));
      const upload = { method: 'POST', body: readable, duplex: 'half', headers: { 'content-type': 'text/plain' } };
      const echo = (await server.fetch(new Request('http://localhost/echo?raw=1', upload))).body.getReader();
      const left = (await server.fetch(new Request('http://localhost/big?bytes=100000000'))).body.getReader();
      await left.read();
      print = () => {
        send('9');
        for (let n = 0; n < 4; n++) process.nextTick(() => { throw new Error('of the caller'); });
      };
      void left.cancel();
      for (const digit of '12345678') send(digit);
      let received = '';
      while (received.length < 9) received += Buffer.from((await echo.read()).value);
      console.log(received);
      await server.close(0);`;
    expect(await run(program, 'http-lab', 'output: () => print(),')).toBe('123456789\n');
  });
});

describe('components whose guests could keep the thread', async () => {
  const loaded = (await component('http-lab')) as LoadedComponent;

  const { glue } = loaded;
  const lean = { ...glue, kind: 'lean' } as const;
  test.each<[what: string, changes: Partial<LoadedComponent>, reason: string]>([
    ['raw glue', { glue: { ...glue, kind: 'raw', reason: 'unknown code' } }, "jco's own glue: unknown code"],
    [
      'code without checks',
      { glue: lean, unmetered: 'core module 0: too large' },
      'core module 0: too large',
    ],
    ['WasmGC', { glue: lean, managedModule: 'core module 0' }, 'core module 0 has struct or array types'],
  ])('are refused: %s', (_, changes, reason) => {
    const refused = { ...loaded, ...changes };
    expect(() => createServer(refused, { store: 'memory:', workers: 0 })).toThrow(
      expect.objectContaining({ code: 'option-invalid', message: expect.stringContaining(reason) }),
    );
  });

  test.skipIf(rawGlue)('are refused by a reload, which keeps the previous one', async () => {
    const { server } = await create('http-lab', { workers: 0 });
    const refused: LoadedComponent = { ...loaded, unmetered: 'core module 0: too large' };
    await expect(server.reload(refused)).rejects.toThrow('workers: 0 is refused');
    expect(await status(server, '/globals')).toBe(200);
  });
});
