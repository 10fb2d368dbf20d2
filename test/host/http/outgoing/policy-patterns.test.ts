import { describe, expect, test } from 'vitest';
import { type OutgoingPolicy, openOutgoing } from '../../../../host/index.ts';
import { DENIED, resolve, setUp } from './attacker-names.ts';
import { play } from './guest.ts';

setUp();

describe('patterns', () => {
  /** Whether a policy allows a request; none of the destinations responds. */
  async function allows(policy: OutgoingPolicy, url: string): Promise<boolean> {
    const asked = openOutgoing({ ...policy, resolve: async () => ['10.9.9.9'] });
    const { error } = await play(asked).fetch(url, { connect: 1 });
    await asked.close();
    return error?.tag !== DENIED.tag;
  }

  test.each([
    ['internal.example', 'https://internal.example:8443/', true],
    ['internal.example', 'http://INTERNAL.example./', true],
    ['Internal.Example.', 'http://internal.example/', true],
    ['internal.example', 'http://x.internal.example/', false],
    ['internal.example', 'http://internal.example.evil.example/', false],
    ['internal.example', 'http://xinternal.example/', false],
    ['*.example', 'http://a.b.example/', true],
    ['*.example', 'http://example/', false],
    ['*.internal.example', 'http://evilinternal.example/', false],
    ['https://internal.example', 'https://internal.example/', true],
    ['https://internal.example', 'http://internal.example/', false],
    ['https://internal.example', 'https://internal.example:8443/', false],
    ['https://internal.example/', 'https://internal.example/', true],
    ['https://internal.example:*', 'https://internal.example:8443/', true],
    ['internal.example:8443', 'https://internal.example:8443/', true],
    ['internal.example:8443', 'https://internal.example/', false],
    ['10.9.9.9', 'http://named.example/', true],
    ['10.9.9.9', 'http://10.9.9.9/', true],
    ['10.9.9.9', 'http://0xa090909/', true],
    ['10.0.0.0/8', 'http://named.example/', true],
    ['10.0.0.0/8:80', 'http://10.1.1.1:8080/', false],
    ['192.168.0.0/16', 'http://named.example/', false],
    ['[fd00::]/8', 'http://[fd12::1]/', true],
    ['bücher.example', 'http://xn--bcher-kva.example/', true],
    ['*', 'http://10.1.1.1/', true],
    ['http://*', 'https://10.1.1.1/', false],
  ])('%s for %s: %s', async (pattern, url, allowed) => {
    expect(await allows({ allow: [pattern] }, url)).toBe(allowed);
  });

  test.each([
    ['denied', { deny: ['1.1.1.1'] }, 'http://1.1.1.1/', false],
    ['denied by range', { deny: ['1.1.0.0/16'] }, 'http://0x01010101/', false],
    ['all denied', { deny: ['*'] }, 'http://1.1.1.1/', false],
    ['all denied but one', { deny: ['*'], allow: ['https://1.1.1.1'] }, 'https://1.1.1.1/', true],
    ['the narrower denial', { deny: ['evil.example'], allow: ['*.example'] }, 'http://evil.example/', false],
    [
      'beside the narrower denial',
      { deny: ['evil.example'], allow: ['*.example'] },
      'http://a.example/',
      true,
    ],
    ['the longer suffix', { deny: ['*.example'], allow: ['*.a.example'] }, 'http://b.a.example/', true],
    ['the narrower port', { deny: ['a.example'], allow: ['a.example:81'] }, 'http://a.example:81/', true],
    ['a tie', { deny: ['a.example'], allow: ['a.example'] }, 'http://a.example/', false],
    [
      'a denied address by an allowed name',
      { deny: ['10.0.0.0/8'], allow: ['a.example'] },
      'http://a.example/',
      false,
    ],
    ['a narrower allowed address', { deny: ['10.0.0.0/8'], allow: ['10.9.9.9'] }, 'http://a.example/', true],
  ] as const)('%s', async (_name, policy, url, allowed) => {
    expect(await allows(policy, url)).toBe(allowed);
  });

  test.each([
    '',
    'a b',
    'http://',
    'ftp://a',
    'a/b',
    'a:99999',
    'a.*.b',
    '**',
    'user@a',
    '10.0.0.0/33',
    'a/8',
    '[fe80::1%lo]',
  ])('%j is not a pattern', (pattern) => {
    expect(() => openOutgoing({ allow: [pattern] })).toThrow(
      expect.objectContaining({ code: 'option-invalid' }),
    );
    expect(() => openOutgoing({ deny: [pattern] })).toThrow(
      expect.objectContaining({ code: 'option-invalid' }),
    );
  });
});

describe('a refusal', () => {
  test('is logged once, with the flag that would allow it', async () => {
    const lines: string[] = [];
    const told = openOutgoing({
      resolve,
      deny: ['*.denied.example', 'http://named.example'],
      refused: (line) => lines.push(line),
    });
    const { fetch } = play(told);
    for (let i = 0; i < 3; i += 1) await fetch('http://private.example:81/secret?token=1');
    await fetch('https://[fd00::1]/');
    await fetch('http://a.denied.example/');
    await fetch('http://named.example/');
    expect(lines).toEqual([
      "request to http://private.example:81 refused: 10.1.2.3 is a private address; allow it with --allow-outbound 'http://private.example:81'",
      "request to https://[fd00::1] refused: fd00::1 is a private address; allow it with --allow-outbound 'https://[fd00::1]'",
      "request to http://a.denied.example refused: --deny-outbound '*.denied.example' covers it; allow it with --allow-outbound 'http://a.denied.example'",
      "request to http://named.example refused: --deny-outbound 'http://named.example' names it; remove that to allow it",
    ]);
    await told.close();
  });

  test('of ever new hosts does not flood the log', async () => {
    const lines: string[] = [];
    const told = openOutgoing({ refused: (line) => lines.push(line) });
    const { fetch } = play(told);
    for (let i = 0; i < 300; i += 1) await fetch(`http://10.0.${i >> 8}.${i & 255}/`);
    expect(lines).toHaveLength(100);
    await told.close();
  });
});
