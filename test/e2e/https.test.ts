import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expire, selfSigned, type TestCertificate } from '../support/certificate.ts';
import { fixture, run, serve, temporaryFolder } from '../support/command.ts';

const LAB = fixture('http-lab');
const MEMORY = ['--store', 'memory:'];

describe('--tls-cert and --tls-key', () => {
  /** The fingerprint of the certificate that a new connection gets. */
  async function presented(url: string): Promise<string> {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    return socket.getPeerX509Certificate()!.fingerprint256;
  }

  function fingerprint({ cert }: TestCertificate): string {
    return new X509Certificate(cert).fingerprint256;
  }

  function install(from: TestCertificate, to: TestCertificate): void {
    copyFileSync(from.certFile, to.certFile);
    copyFileSync(from.keyFile, to.keyFile);
  }

  test('make serve say https, and SIGHUP reads them again', async () => {
    const folder = temporaryFolder();
    const [used, next] = [selfSigned(folder, 'used'), selfSigned(folder, 'next')];
    const args = ['--tls-cert', used.certFile, '--tls-key', used.keyFile, ...MEMORY];
    const { url, kill, told } = await serve(LAB, args);
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await presented(url)).toBe(fingerprint(used));

    install(next, used);
    kill('SIGHUP');
    await told(/^Reloaded the certificate .*used\.pem, valid until /m);
    expect(await presented(url)).toBe(fingerprint(next));
  });

  test.each([
    [
      'a file that is no certificate',
      (used: TestCertificate) => writeFileSync(used.certFile, 'x'),
      /is not a certificate/,
    ],
    [
      'a certificate without its key',
      (used: TestCertificate) => selfSignedOver(used),
      /does not fit .*used\.pem/,
    ],
    ['an expired certificate', expire, /has expired on /],
    ['no file', (used: TestCertificate) => rmSync(used.certFile), /cannot be read: ENOENT/],
  ])('keep the previous certificate when there is %s', async (_, spoil, reason) => {
    const used = selfSigned(temporaryFolder(), 'used');
    const args = ['--tls-cert', used.certFile, '--tls-key', used.keyFile, ...MEMORY];
    const { url, kill, told, text: output } = await serve(LAB, args);
    spoil(used);
    kill('SIGHUP');
    await told(/^warning: keeping the previous certificate: .*\n/m);
    expect(output.stderr).toMatch(reason);
    expect(await presented(url)).toBe(fingerprint(used));
  });

  test('belong together, and are checked before anything starts', async () => {
    const used = selfSigned(temporaryFolder(), 'used');
    const alone = await run(['serve', LAB, ...MEMORY, '--tls-cert', used.certFile]);
    expect(alone).toMatchObject({
      status: 2,
      stderr: 'error: --tls-cert and --tls-key belong together: give both\n',
    });
    expire(used);
    const both = await run(['serve', LAB, ...MEMORY, '--tls-cert', used.certFile, '--tls-key', used.keyFile]);
    expect(both).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^error: --tls-cert .* has expired on /),
    });
  });

  test('are out of reach of guests', async () => {
    const folder = temporaryFolder();
    const used = selfSigned(folder, 'used');
    writeFileSync(join(folder, 'other.txt'), 'for guests');
    const args = [
      '--tls-cert',
      used.certFile,
      '--tls-key',
      used.keyFile,
      '--dir',
      `${folder}::/data`,
      ...MEMORY,
    ];
    const { url } = await serve(LAB, args);
    const read = async (file: string): Promise<string> => {
      const sent = request(`${url}/fs?path=/data/${file}`, { rejectUnauthorized: false, agent: false });
      const [response] = (await once(sent.end(), 'response')) as [IncomingMessage];
      return text(response);
    };
    expect(await read('other.txt')).toContain('for guests');
    expect(await read('used.key')).not.toContain('PRIVATE KEY');
  });
});

/** Replaces the certificate alone. */
function selfSignedOver({ certFile }: TestCertificate): void {
  copyFileSync(selfSigned(temporaryFolder()).certFile, certFile);
}
