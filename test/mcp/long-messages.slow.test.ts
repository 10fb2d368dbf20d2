import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { fixture, serve } from '../support/command.ts';
import { callModern, modernText } from '../support/modern.ts';
import { type RawConnection, rawConnection } from '../support/serving.ts';

const MIB = 1024 ** 2;

/** The most that has been resident, in MiB. */
function residentPeak(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

test.skipIf(process.platform !== 'linux').each(['notes-draft', 'modern'])(
  'clients of %s that announce long messages and send them slowly give way to others, and do not fill the memory',
  async (name) => {
    const { url, child } = await serve(fixture(name), ['--store', 'memory:', '--mcp', 'guide']);
    await callModern(url, 'counter');
    const before = residentPeak(child.pid!);
    const { headers } = modernText({ method: 'tools/list' });
    const fields = Object.entries({ ...headers, host: 'localhost', 'content-length': String(10 * MIB) });
    const head = `POST /mcp HTTP/1.1\r\n${fields.map(([field, value]) => `${field}: ${value}\r\n`).join('')}\r\n`;
    const most = ' '.repeat(9 * MIB);
    const announce = async (): Promise<RawConnection> => {
      const connection = await rawConnection(url);
      connection.send(head);
      connection.send(most);
      return connection;
    };
    const slow = await Promise.all(Array.from({ length: 30 }, announce));
    const others = callModern(url, 'counter', { long: 'x'.repeat(200_000) });
    slow.push(...(await Promise.all(Array.from({ length: 50 }, announce))));
    const drip = setInterval(() => {
      for (const { send } of slow) send(' ');
    }, 1000);
    onTestFinished(() => clearInterval(drip));
    expect(await slow[0]!.receive(/ 408 /)).toMatch(/^HTTP\/1.1 408 /);
    expect((await others).status).toBe(200);
    expect(residentPeak(child.pid!) - before).toBeLessThan(450);
  },
  120_000,
);
