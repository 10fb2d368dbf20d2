import { describe, expect, test } from 'vitest';
import { raw, share } from '../../support/serving.ts';

const HOSTS = { allowHosts: ['mcp.example.com', 'backend'] };
const plain = share('http-lab', HOSTS);
const proxied = share('http-lab', { ...HOSTS, trustProxy: true });
const named = share('http-lab', { allowHosts: [], publicUrl: 'https://mcp.example.com:8443/base/' });

/** What the guest sees of a request with these headers. */
async function seen(url: string, fields: readonly string[], host = 'localhost:8080'): Promise<string> {
  const answer = await raw(
    url,
    `${['GET /echo HTTP/1.1', `Host: ${host}`, ...fields, 'Connection: close'].join('\r\n')}\r\n\r\n`,
  );
  const [, scheme, authority] = /\nscheme: (\w+)\nauthority: (\S+)\n/.exec(answer) ?? [];
  return scheme === undefined ? answer.slice(9, 12) : `${scheme} ${authority}`;
}

const EVERYTHING = [
  'X-Forwarded-For: 192.0.2.1',
  'X-Forwarded-Host: mcp.example.com',
  'x-forwarded-proto: https',
  'X-FORWARDED-PREFIX: /a',
  'Forwarded: for=192.0.2.1;host=mcp.example.com;proto=https',
];

describe('proxy headers from a client', () => {
  test('have no effect and do not reach the guest', async () => {
    expect(await seen(plain.url, EVERYTHING)).toBe('HTTP localhost:8080');
    const request = [
      'GET /echo HTTP/1.1',
      'Host: localhost',
      ...EVERYTHING,
      'X-Mine: 1',
      'Connection: close',
    ];
    const answer = await raw(plain.url, `${request.join('\r\n')}\r\n\r\n`);
    expect(answer).not.toMatch(/forwarded/i);
    expect(answer).toContain('\nX-Mine: 1\n');
  });

  test('have no effect either when the public address is known', async () => {
    const fields = ['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: http'];
    expect(await seen(named.url, fields)).toBe('HTTPS mcp.example.com:8443');
  });
});

test('a guest sees the public address, however the request arrives', async () => {
  expect(await seen(named.url, [])).toBe('HTTPS mcp.example.com:8443');
  expect(await seen(named.url, [], 'mcp.example.com:8443')).toBe('HTTPS mcp.example.com:8443');
  expect(await seen(named.url, ['Origin: https://mcp.example.com:8443'])).toBe('HTTPS mcp.example.com:8443');
  expect(await seen(named.url, [], 'other.example.com')).toBe('403');
  expect(await seen(named.url, ['Origin: https://other.example.com'])).toBe('403');
});

describe('behind a proxy', () => {
  test.each([
    [[], 'HTTP localhost:8080'],
    [['X-Forwarded-Proto: https'], 'HTTPS localhost:8080'],
    [['X-Forwarded-Host: mcp.example.com'], 'HTTP mcp.example.com'],
    [EVERYTHING, 'HTTPS mcp.example.com'],
    [
      ['X-Forwarded-Proto: http, https', 'X-Forwarded-Host: evil.example, mcp.example.com'],
      'HTTPS mcp.example.com',
    ],
    [['X-Forwarded-Proto: http', 'X-Forwarded-Proto: https'], 'HTTPS localhost:8080'],
    [['X-Forwarded-Proto: HTTPS'], 'HTTPS localhost:8080'],
    [
      ['Forwarded: for="[2001:db8::1]:47011"; Proto=https ;Host="mcp.example.com:8443"'],
      'HTTPS mcp.example.com:8443',
    ],
    [['Forwarded: host=evil.example;proto=http, host=mcp.example.com;proto=https'], 'HTTPS mcp.example.com'],
    [['Forwarded: host=evil.example', 'Forwarded: host=mcp.example.com'], 'HTTP mcp.example.com'],
    [['Forwarded: for=192.0.2.43, for="a,b;host=evil.example"'], 'HTTP localhost:8080'],
    [['Forwarded: for=192.0.2.1;proto=https', 'X-Forwarded-Host: mcp.example.com'], 'HTTPS mcp.example.com'],

    [['X-Forwarded-Host: evil.example'], '403'],
    [['X-Forwarded-Host: mcp.example.com.evil.example'], '403'],
    [['Forwarded: host=evil.example'], '403'],
    [['X-Forwarded-Host: mcp.example.com, evil.example'], '403'],
    [['X-Forwarded-Proto: ftp'], '400'],
    [['X-Forwarded-Proto:'], '400'],
    [['X-Forwarded-Host: a b'], '400'],
    [['X-Forwarded-Host: user@mcp.example.com'], '400'],
    [['X-Forwarded-Host: mcp.example.com,'], '400'],
    [['Forwarded: host'], '400'],
    [['Forwarded: host="mcp.example.com'], '400'],
    [['Forwarded: host=mcp.example.com;host=mcp.example.com'], '400'],
    [['Forwarded: host=mcp.example.com', 'X-Forwarded-Host: backend'], '400'],
    [['Forwarded: proto=http', 'X-Forwarded-Proto: https'], '400'],
  ])('%j: %s', async (fields, result) => {
    expect(await seen(proxied.url, fields)).toBe(result);
  });

  test('the proxy’s own name for the server must be allowed too: a page may send any header', async () => {
    const fields = ['X-Forwarded-Host: mcp.example.com'];
    expect(await seen(proxied.url, fields, 'backend:8080')).toBe('HTTP mcp.example.com');
    expect(await seen(proxied.url, fields, 'rebound.example')).toBe('403');
  });

  test('a page of the public address is same-origin, one of this machine is not', async () => {
    const fields = ['X-Forwarded-Host: mcp.example.com', 'X-Forwarded-Proto: https'];
    const from = (origin: string): Promise<string> => seen(proxied.url, [...fields, `Origin: ${origin}`]);
    expect(await from('https://mcp.example.com')).toBe('HTTPS mcp.example.com');
    expect(await from('http://localhost:3000')).toBe('403');
  });
});
