import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../../host/keyvalue/open.ts';
import { certificate, REDIS, startRedis } from '../../../support/redis.ts';
import { freePort } from '../../../support/servers.ts';

test.skipIf(REDIS.path === undefined)(
  'TLS: a certificate of another name or issuer, or none of the client, is refused at once',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { cert, key } = certificate(folder, 'DNS:localhost');
    const port = await freePort();
    const tls = {
      'tls-port': String(port),
      'tls-cert-file': cert,
      'tls-key-file': key,
      'tls-ca-cert-file': cert,
    };
    const redis = await startRedis(REDIS, tls);
    onTestFinished(() => redis.close());
    const url = (host: string, parameters: string): string =>
      `rediss://:secret@${host}:${port}?${new URLSearchParams(parameters)}`;
    const long = { wait: 600_000 };
    const client = `cert=${cert}&key=${key}`;
    const store = await openStore(url('localhost', `cacert=${cert}&${client}`), long);
    onTestFinished(() => store.close());
    await store.set('b', 'k', Uint8Array.of(1));
    expect(store.url).toMatch(/^rediss:\/\/localhost:/);
    const unusable = { code: 'store-unusable' };
    await expect(openStore(url('127.0.0.1', `cacert=${cert}&${client}`), long)).rejects.toMatchObject(
      unusable,
    );
    await expect(openStore(url('localhost', client), long)).rejects.toMatchObject(unusable);
    // The server asks for a certificate of the client.
    await expect(openStore(url('localhost', `cacert=${cert}`))).rejects.toMatchObject({
      code: expect.stringMatching(/^store-un(usable|available)$/) as unknown,
    });
    await expect(openStore(url('localhost', `cacert=${cert}.missing`))).rejects.toThrow(
      /a TLS file of the store cannot be read/,
    );
    // A server without TLS on this port.
    await expect(
      openStore(`rediss://:secret@127.0.0.1:${redis.port}`, { timeout: 1000 }),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^store-un(usable|available)$/) as unknown });
  },
  60_000,
);
