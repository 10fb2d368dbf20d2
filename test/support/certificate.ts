import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate and its key: the paths of the files, and what is in them. */
export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Makes a certificate for `localhost` that signs itself, as `NAME.pem` and `NAME.key` in the folder. */
export function selfSigned(folder: string, name = 'cert'): TestCertificate {
  const [certFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const kind = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost';
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  openssl([...kind.split(' '), ...names, '-keyout', keyFile, '-out', certFile]);
  return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

/** Replaces a certificate by one that is equal but has expired. */
export function expire({ certFile, keyFile }: TestCertificate): void {
  openssl(['x509', '-in', certFile, '-signkey', keyFile, '-days', '-1', '-out', certFile]);
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}
