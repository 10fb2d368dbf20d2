import { describe, expect, test } from 'vitest';
import { create, raw, rawConnection, share } from '../../support/serving.ts';

const guarded = share('http-lab', {
  allowHosts: [
    'mcp.example.com',
    'Ported.example.com:8443',
    'usual.example.com:80',
    '[2001:db8::1]',
    '10.1.2.3',
  ],
  allowOrigins: ['https://app.example.com', 'http://dev.example.com:5173', 'chrome-extension://abcdef'],
});

function ask(url: string, fields: readonly string[], start = 'GET /globals HTTP/1.1'): Promise<string> {
  return raw(url, `${[start, ...fields, 'Connection: close'].join('\r\n')}\r\n\r\n`);
}

function statusOf(answer: string): number {
  return Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]);
}

describe('a Host', () => {
  test.each([
    ['localhost', 200],
    ['localhost:8080', 200],
    ['localhost:1', 200],
    ['LOCALHOST', 200],
    ['app.localhost:3000', 200],
    ['127.0.0.1:8080', 200],
    ['127.9.8.7', 200],
    ['2130706433', 200],
    ['[::1]:8080', 200],
    ['[0:0:0:0:0:0:0:1]', 200],
    ['[::ffff:127.0.0.1]', 200],
    ['mcp.example.com', 200],
    ['MCP.Example.COM:4433', 200],
    ['ported.example.com:8443', 200],
    ['usual.example.com', 200],
    ['usual.example.com:80', 200],
    ['usual.example.com:8080', 403],
    ['[2001:DB8::1]:99', 200],
    ['10.1.2.3', 200],
    ['ported.example.com', 403],
    ['ported.example.com:443', 403],
    ['evil.example', 403],
    ['localhost.evil.example', 403],
    ['localhost-evil.example', 403],
    ['evil-localhost', 403],
    ['127.0.0.1.evil.example', 403],
    ['mcp.example.com.evil.example', 403],
    ['evil-mcp.example.com', 403],
    ['sub.mcp.example.com', 403],
    ['example.com', 403],
    ['localhost.', 403],
    ['mcp.example.com.', 403],
    ['0.0.0.0:8080', 403],
    ['[::]', 403],
    ['10.1.2.30', 403],
    ['[2001:db8::12]', 403],
    ['xn--lcalhost-n0a', 403],
    ['', 400],
    ['localhost:port', 400],
    ['localhost:99999', 400],
    ['localhost@evil.example', 400],
    ['evil.example@localhost', 400],
    ['localhost, evil.example', 400],
    ['localhost/', 400],
    ['localhost\\evil.example', 400],
    ['localhost#evil.example', 400],
    ['::1', 400],
    ['[::1', 400],
    ['[::1]evil', 400],
    ['[fe80::1%25eth0]', 400],
    ['localhost%00.evil.example', 400],
  ])('%j gets %i', async (host, status) => {
    expect(statusOf(await ask(guarded.url, [`Host: ${host}`]))).toBe(status);
  });

  test('in an absolute target counts as well', async () => {
    const start = 'GET http://evil.example/globals HTTP/1.1';
    expect(statusOf(await ask(guarded.url, ['Host: evil.example'], start))).toBe(403);
    expect(statusOf(await ask(guarded.url, ['Host: localhost'], start))).toBe(400);
  });

  test('may be missing in HTTP/1.0, which no browser uses', async () => {
    expect(statusOf(await ask(guarded.url, [], 'GET /globals HTTP/1.0'))).toBe(200);
    const page = ['Origin: http://localhost'];
    expect(statusOf(await ask(guarded.url, page, 'GET /globals HTTP/1.0'))).toBe(403);
  });

  test('that is refused gets a response that says how to allow it, and is logged once', async () => {
    const answer = await ask(guarded.url, ['Host: told.example:81']);
    expect(answer).toContain('\r\ncontent-type: application/json\r\n');
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32_000, message: expect.stringMatching(/--allow-host told\.example:81$/) },
    });
    await ask(guarded.url, ['Host: told.example:81']);
    expect(guarded.log.filter((line) => line.includes('told.example'))).toHaveLength(1);
  });
});

describe('an Origin', () => {
  test.each([
    ['http://localhost', 200],
    ['http://localhost:6274', 200],
    ['https://localhost:6274', 200],
    ['HTTP://LOCALHOST:6274', 200],
    ['http://app.localhost', 200],
    ['http://127.0.0.1:3000', 200],
    ['http://[::1]:3000', 200],
    ['https://app.example.com', 200],
    ['https://app.example.com:443', 200],
    ['http://dev.example.com:5173', 200],
    ['chrome-extension://abcdef', 200],
    ['https://app.example.com:8443', 403],
    ['http://app.example.com', 403],
    ['https://app.example.com.', 403],
    ['https://app.example.com.evil.example', 403],
    ['https://evil-app.example.com', 403],
    ['https://sub.app.example.com', 403],
    ['http://dev.example.com', 403],
    ['chrome-extension://abcdefg', 403],
    ['http://localhost.evil.example', 403],
    ['http://localhost-evil.example', 403],
    ['http://localhost:80.evil.example', 403],
    ['http://127.0.0.1.evil.example', 403],
    ['http://localhost@evil.example', 403],
    ['http://evil.example@localhost', 403],
    ['http://evil.example#localhost', 403],
    ['http://localhost.', 403],
    ['http://localhost/', 403],
    ['http://localhost/path', 403],
    ['http:localhost', 403],
    ['localhost', 403],
    ['ftp://localhost', 403],
    ['file://', 403],
    ['null', 403],
    ['', 403],
    ['*', 403],
    ['http://localhost http://evil.example', 403],
    ['http://localhost, http://evil.example', 403],
    ['https://[2001:db8::zz]', 403],
    ['http://evil.example', 403],
  ])('%j gets %i', async (origin, status) => {
    const answer = await ask(guarded.url, ['Host: localhost:8080', `Origin: ${origin}`]);
    expect(statusOf(answer)).toBe(status);
    expect(answer.includes('access-control-allow-origin')).toBe(status === 200);
  });

  test('that is sent twice gets 400', async () => {
    const fields = ['Host: localhost', 'Origin: http://localhost', 'Origin: http://evil.example'];
    expect(statusOf(await ask(guarded.url, fields))).toBe(400);
  });

  test.each([
    ['http://mcp.example.com', 'mcp.example.com', 200],
    ['https://mcp.example.com', 'mcp.example.com', 200],
    ['https://mcp.example.com', 'mcp.example.com:443', 200],
    ['https://mcp.example.com:8443', 'mcp.example.com:8443', 200],
    ['https://mcp.example.com', 'mcp.example.com:8443', 403],
    ['http://mcp.example.com:8443', 'mcp.example.com', 403],
    ['https://app.example.com', 'mcp.example.com', 200],
    ['http://localhost:6274', 'mcp.example.com', 403],
    ['https://ported.example.com:8443', 'mcp.example.com', 403],
  ])('%s may use %s: %i', async (origin, host, status) => {
    expect(statusOf(await ask(guarded.url, [`Host: ${host}`, `Origin: ${origin}`]))).toBe(status);
  });

  test('that is refused gets a response that says how to allow it', async () => {
    expect(await ask(guarded.url, ['Host: localhost', 'Origin: https://new.example'])).toContain(
      '--allow-origin https://new.example"',
    );
    const tricky = await ask(guarded.url, ['Host: localhost', 'Origin: https://`reboot`']);
    expect(tricky).toContain('--allow-origin ORIGIN"');
  });
});

test('the body of a refused request is not requested', async () => {
  const connection = await rawConnection(guarded.url);
  connection.send(
    'POST /echo HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
  );
  expect((await connection.end()).text).toMatch(/^HTTP\/1.1 403 /);
});

describe('a server that listens on every address', () => {
  async function open(options: Parameters<typeof create>[1]): Promise<{ url: string; log: string[] }> {
    const { server, log } = await create('http-lab', { allowHosts: [], ...options });
    const port = new URL(await server.listen(0, '0.0.0.0')).port;
    return { url: `http://127.0.0.1:${port}`, log };
  }

  test('accepts any Host while none is allowed by name, but no foreign page, and warns', async () => {
    const { url, log } = await open({});
    expect(statusOf(await ask(url, ['Host: anything.example']))).toBe(200);
    const own = ['Host: anything.example', 'Origin: https://anything.example'];
    expect(statusOf(await ask(url, own))).toBe(200);
    const other = ['Host: anything.example', 'Origin: https://evil.example'];
    expect(statusOf(await ask(url, other))).toBe(403);
    expect(log).toContainEqual(expect.stringMatching(/^warn access-policy: .*0\.0\.0\.0.*--allow-host/));
  });

  test('accepts allowed names and this machine', async () => {
    const { url, log } = await open({ allowHosts: ['mcp.example.com'] });
    expect(statusOf(await ask(url, ['Host: mcp.example.com']))).toBe(200);
    expect(statusOf(await ask(url, ['Host: 127.0.0.1:80']))).toBe(200);
    expect(statusOf(await ask(url, ['Host: anything.example']))).toBe(403);
    expect(log.filter((line) => line.startsWith('warn access-policy'))).toHaveLength(1);
  });

  test('accepts everything when told so by *', async () => {
    const { url, log } = await open({ allowHosts: ['*'], allowOrigins: ['*'] });
    const answer = await ask(url, ['Host: a.example', 'Origin: null']);
    expect(answer).toMatch(/^HTTP\/1.1 200 [\s\S]*access-control-allow-origin: null\r\n/);
    expect(log).toEqual([]);
  });
});

test.each([
  [{ allowHosts: ['https://mcp.example.com'] }, 'Write a host'],
  [{ allowHosts: [''] }, 'Write a host'],
  [{ allowOrigins: ['app.example.com'] }, 'Write an origin'],
  [{ allowOrigins: ['https://app.example.com/path'] }, 'Write an origin'],
  [{ publicUrl: 'mcp.example.com' }, 'Write an address'],
  [{ publicUrl: 'https://user@mcp.example.com' }, 'Write an address'],
])('%j is refused immediately', async (options, message) => {
  await expect(create('http-lab', options)).rejects.toMatchObject({
    code: 'option-invalid',
    message: expect.stringContaining(message),
  });
});
