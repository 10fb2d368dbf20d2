import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecureContext } from 'node:tls';
import { WasmcpError } from '../../host/index.ts';
import type { OptionValues } from '../options/types.ts';
import { type CurrentCertificate, createCertificate } from '../server/tls.ts';
import type { CliStreams } from './command.ts';
import { oneLine } from './print.ts';

export interface Certificate {
  readonly current: CurrentCertificate;
  /** Reads the files again on each SIGHUP from now on. Returns a function that stops it. */
  reloadOnSignal(streams: Pick<CliStreams, 'stderr'>): () => void;
}

interface Read {
  readonly context: SecureContext;
  readonly fingerprint: string;
  readonly validTo: string;
}

/**
 * The certificate that `--tls-cert` and `--tls-key` name; undefined if they are not given.
 *
 * @throws WasmcpError `option-invalid`
 */
export function loadCertificate({ tlsCert, tlsKey }: OptionValues): Certificate | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new WasmcpError('option-invalid', '--tls-cert and --tls-key belong together: give both');
  }
  let certificate = read(tlsCert, tlsKey);
  return {
    current: () => certificate.context,
    reloadOnSignal({ stderr }) {
      const reload = (): void => {
        try {
          const next = read(tlsCert, tlsKey);
          if (next.fingerprint === certificate.fingerprint) return;
          certificate = next;
          stderr.write(`Reloaded the certificate ${oneLine(tlsCert)}, valid until ${next.validTo}\n`);
        } catch (error) {
          const reason = oneLine((error as Error).message);
          stderr.write(`warning: keeping the previous certificate: ${reason}\n`);
        }
      };
      process.on('SIGHUP', reload);
      return () => void process.off('SIGHUP', reload);
    },
  };
}

/** @throws WasmcpError `option-invalid` for files that clients would reject */
function read(certPath: string, keyPath: string): Read {
  const cert = readOption('--tls-cert', certPath);
  const key = readOption('--tls-key', keyPath);
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(cert);
  } catch (error) {
    throw unusable(`--tls-cert ${certPath} is not a certificate in PEM format`, error);
  }
  const { fingerprint256: fingerprint, validTo } = parsed;
  if (Date.parse(validTo) < Date.now()) throw unusable(`--tls-cert ${certPath} has expired on ${validTo}`);
  try {
    return { context: createCertificate(cert, key), fingerprint, validTo };
  } catch (error) {
    throw unusable(`--tls-key ${keyPath} does not fit ${certPath}: ${(error as Error).message}`, error);
  }
}

function readOption(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw unusable(`${flag} ${path} cannot be read: ${(error as Error).message}`, error);
  }
}

function unusable(message: string, cause?: unknown): WasmcpError {
  return new WasmcpError('option-invalid', message, { cause });
}
