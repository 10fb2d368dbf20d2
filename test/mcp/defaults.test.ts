import { once } from 'node:events';
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStore, type ServerOptions } from '../../src/index.ts';
import { temporaryFolder } from '../support/command.ts';
import { create } from '../support/serving.ts';

/** The environment variables of the guest. */
async function environment(options: ServerOptions, listening = true): Promise<Map<string, string>> {
  const { server } = await create('http-lab', { mcp: 'guide', ...options });
  if (listening) await server.listen(0);
  const text = await (await server.fetch(new Request('http://localhost/env'))).text();
  return new Map(text.split('\n').map((line) => line.split(/=(.*)/s) as [string, string]));
}

describe('the environment of a server of wasmcp', () => {
  test('enables sessions, and has the address with the port in place of 0', async () => {
    const { server } = await create('http-lab', { mcp: 'guide' });
    const url = await server.listen(0);
    const text = await (await server.fetch(new Request('http://localhost/env'))).text();
    expect(text).toContain('WASMCP_SESSION_ENABLED=true\n');
    expect(text).toContain(`WASMCP_SERVER_URI=${url.slice(0, -1)}\n`);
  });

  test('has the public address if there is one', async () => {
    const env = await environment({ publicUrl: 'https://mcp.example.com/notes/' });
    expect(env.get('WASMCP_SERVER_URI')).toBe('https://mcp.example.com/notes');
  });

  test('has the user’s values instead', async () => {
    const own = { WASMCP_SESSION_ENABLED: 'false', WASMCP_SERVER_URI: 'https://a.example', MORE: '1' };
    const env = await environment({ env: own });
    expect(Object.fromEntries(env)).toMatchObject(own);
  });

  test('has only the user’s values for other components', async () => {
    expect([...(await environment({ mcp: 'off' })).keys()].join()).not.toContain('WASMCP');
  });
});

test('origins in WASMCP_ALLOWED_ORIGINS may connect', async () => {
  const env = { WASMCP_ALLOWED_ORIGINS: 'https://app.example.com, no origin' };
  const status = async (origin: string, mcp: 'guide' | 'off'): Promise<number> => {
    const { server } = await create('http-lab', { mcp, env });
    const request = new Request('http://localhost/globals', { headers: { origin } });
    return (await server.fetch(request)).status;
  };
  expect(await status('https://app.example.com', 'guide')).toBe(200);
  expect(await status('https://app.example.com', 'off')).toBe(403);
  expect(await status('https://evil.example', 'guide')).toBe(403);
});

describe('the summary', () => {
  test.each<[ServerOptions, string]>([
    [{}, 'Sessions on, in bucket "default" of memory:; auth public; open to this machine'],
    [
      { env: { WASMCP_SESSION_BUCKET: 'mine', WASMCP_AUTH_MODE: 'OAuth' } },
      'Sessions on, in bucket "mine" of memory:; auth oauth; open to this machine',
    ],
    [
      {
        env: { WASMCP_SESSION_ENABLED: 'false' },
        allowHosts: ['mcp.example.com'],
        allowOrigins: ['https://app.example.com'],
      },
      'Sessions off; auth public; open to this machine, mcp.example.com; pages of https://app.example.com',
    ],
    [
      { allowHosts: ['*'], allowOrigins: ['*'] },
      'Sessions on, in bucket "default" of memory:; auth public; open to clients by any name; pages of any origin',
    ],
  ])('of %j', async (options, summary) => {
    const { server } = await create('http-lab', { mcp: 'guide', allowHosts: [], ...options });
    expect(server.summary).toBeUndefined();
    await server.listen(0);
    expect(server.summary).toBe(summary);
  });

  test('of another component is empty', async () => {
    const { server } = await create('http-lab');
    await server.listen(0);
    expect(server.summary).toBeUndefined();
  });
});

describe('a start fails if sessions cannot be stored', () => {
  async function refused(options: ServerOptions): Promise<Error> {
    const { server } = await create('http-lab', { mcp: 'guide', ...options });
    const failure: Error = await server.listen(0).then(
      () => expect.unreachable('it started'),
      (error) => error,
    );
    const gone = connect(Number(new URL(server.url!).port), '127.0.0.1');
    expect(await once(gone, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }]);
    return failure;
  }

  test('for a bucket that is not allowed', async () => {
    expect(await refused({ storeLimits: { buckets: ['other'] } })).toMatchObject({
      code: 'bucket-denied',
      message:
        'sessions cannot be stored: bucket "default" is not allowed (--bucket); --env WASMCP_SESSION_ENABLED=false serves without sessions',
    });
    const { server } = await create('http-lab', {
      mcp: 'guide',
      storeLimits: { buckets: ['other'] },
      env: { WASMCP_SESSION_BUCKET: 'other' },
    });
    await server.listen(0);
  });

  test('for a damaged store', async () => {
    const path = join(temporaryFolder(), 'store.db');
    const store = await openStore(`sqlite:${path}`);
    for (let i = 0; i < 200; i++) await store.set('default', `key ${i}`, new Uint8Array(1000));
    await store.close();
    const file = openSync(path, 'r+');
    // All pages except the first, which identifies the file.
    writeSync(file, new Uint8Array(statSync(path).size - 4096).fill(0xff), 0, undefined, 4096);
    closeSync(file);
    expect(await refused({ store: `sqlite:${path}` })).toMatchObject({
      code: 'store-unusable',
      message: expect.stringContaining('is damaged: restore it from a backup'),
    });
  });

  test('but not if sessions are off', async () => {
    const { server } = await create('http-lab', {
      mcp: 'guide',
      storeLimits: { buckets: ['other'] },
      env: { WASMCP_SESSION_ENABLED: 'false' },
    });
    await server.listen(0);
  });
});
