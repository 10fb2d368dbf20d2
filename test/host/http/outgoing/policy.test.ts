import { describe, expect, test } from 'vitest';
import { type OutgoingPolicy, openOutgoing } from '../../../../host/index.ts';
import { httpServer } from '../../../support/servers.ts';
import { DENIED, fetch, setUp } from './attacker-names.ts';
import { type Answer, play } from './guest.ts';

setUp();

/** Spellings of destinations that no guest may reach by default. */
const REFUSED = [
  ...[
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.255.255.254',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0x7F.0.0.0x1',
  ],
  ...[
    '017700000001',
    '0177.0.0.1',
    '127.0.0.1.',
    '127.1.',
    '%31%32%37.0.0.1',
    '127%2e0.0.1',
    '0',
    '0.0.0.0',
    '0x0',
  ],
  ...[
    '10.0.0.1',
    '0xa.1',
    '012.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '3232235777',
    '100.64.0.1',
  ],
  ...[
    '169.254.169.254',
    '2852039166',
    '0xa9fea9fe',
    '0251.0376.0251.0376',
    '169.254.43518',
    '100.100.100.200',
  ],
  ...['168.63.129.16', '192.0.0.192', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1'],
  ...['239.255.255.250', '240.0.0.1', '255.255.255.255', '4294967295', '[::1]', '[0:0:0:0:0:0:0:1]', '[::]'],
  ...[
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:7f00:0001]',
    '[::127.0.0.1]',
    '[::ffff:a9fe:a9fe]',
  ],
  ...[
    '[64:ff9b::7f00:1]',
    '[64:ff9b::10.0.0.1]',
    '[64:ff9b:1::a00:1]',
    '[2002:7f00:1::]',
    '[2002:a9fe:a9fe::1]',
  ],
  ...[
    '[2001:0:4136:e378:8000:63bf:80ff:fffe]',
    '[fe80::1]',
    '[febf::1]',
    '[fec0::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
  ],
  ...['[fd20:ce::254]', '[ff02::1]', '[2001:db8::1]', '[3fff::1]', '[100::1]', '[4000::1]'],
  ...['loopback.example', 'LOOPBACK.example', 'loopback.example.', 'loopback6.example', 'mapped.example'],
  ...[
    'private.example',
    'metadata.example',
    'many.example',
    'zone.example',
    'nat64.example',
    'l%6fopback.example',
  ],
];

describe('by default', () => {
  test.each(REFUSED)('%s is refused', async (host) => {
    for (const scheme of ['http', 'https'])
      expect((await fetch(`${scheme}://${host}/`)).error).toEqual(DENIED);
    expect((await fetch(`http://${host}:8080/`)).error).toEqual(DENIED);
  });

  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '100.63.0.1',
    '100.128.0.1',
    '172.32.0.1',
    '[2606:4700::1111]',
    '[64:ff9b::808:808]',
  ])('%s is allowed', async (host) => {
    expect((await fetch(`http://${host}:9/`, { connect: 1 })).error).not.toEqual(DENIED);
  });

  test('localhost is refused, whatever it resolves to', async () => {
    const system = openOutgoing();
    for (const name of ['localhost', 'LOCALHOST.', 'ip6-localhost']) {
      const { error } = await play(system).fetch(`http://${name}/`);
      expect(['HTTP-request-denied', 'DNS-error']).toContain(error?.tag);
    }
    await system.close();
  });
});

test('a name that resolves differently the second time gains nothing', async () => {
  let connected = 0;
  const server = await httpServer((_request, response) => {
    connected += 1;
    response.end('secret');
  });
  const answers = [['203.0.114.1'], ['127.0.0.1']];
  const asked: string[] = [];
  const rebinding = openOutgoing({
    resolve: async (host) => {
      asked.push(host);
      return answers[Math.min(asked.length, 2) - 1]!;
    },
  });
  const { fetch } = play(rebinding);
  const url = `http://rebind.example:${server.port}/`;
  const first = await fetch(url, { connect: 50 });
  expect(first.error).not.toEqual(DENIED);
  expect(asked).toEqual(['rebind.example']);
  expect((await fetch(url)).error).toEqual(DENIED);
  expect(connected).toBe(0);
  await rebinding.close();
});

test('only the allowed addresses of a host are tried', async () => {
  const server = await httpServer((_request, response) => response.end('reached'));
  const mixed = openOutgoing({
    loopback: true,
    resolve: async () => ['10.255.255.1', '169.254.169.254', '127.0.0.1'],
  });
  const answer = await play(mixed).fetch(`http://mixed.example:${server.port}/`, { connect: 2000 });
  expect(answer.body.toString()).toBe('reached');
  await mixed.close();
});

describe('while only this machine can reach the server', () => {
  test('loopback is allowed, but not the ports of the server itself', async () => {
    const own = await httpServer((_request, response) => response.end('own'));
    const other = await httpServer((_request, response) => response.end('other'));
    const lines: string[] = [];
    const policy = { loopback: true, ownPorts: [1, own.port], refused: (line: string) => lines.push(line) };
    const ask = async (url: string, more: OutgoingPolicy = {}): Promise<Answer> => {
      const asked = openOutgoing({ ...policy, ...more });
      const answer = await play(asked).fetch(url);
      await asked.close();
      return answer;
    };
    expect((await ask(other.url)).body.toString()).toBe('other');
    expect((await ask(`http://localhost:${other.port}`)).body.toString()).toBe('other');
    expect((await ask(`http://[::ffff:127.0.0.1]:${other.port}`)).body.toString()).toBe('other');
    for (const host of ['127.0.0.1', 'localhost', '127.0.0.2', '[::1]', '[::ffff:127.0.0.1]']) {
      expect((await ask(`http://${host}:${own.port}/`)).error).toEqual(DENIED);
    }
    expect(lines[0]).toBe(
      `request to ${own.url} refused: it is the server's own address; allow it with --allow-outbound '${own.url}'`,
    );
    expect((await ask(own.url, { allow: [own.url] })).body.toString()).toBe('own');
    expect((await ask('http://0.0.0.0/')).error).toEqual(DENIED);
    expect((await ask('http://10.0.0.1/')).error).toEqual(DENIED);
  });
});
