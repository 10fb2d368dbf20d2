import { readFile } from 'node:fs/promises';
import { WasmcpError } from '../../error.ts';

/** Paths of PEM files. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Returns the content of the files, for `tls.connect`. @throws WasmcpError `store-unusable` */
export async function readTlsFiles(paths: TlsFiles): Promise<TlsFiles> {
  const files: { ca?: string; cert?: string; key?: string } = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = paths[name];
    if (path !== undefined) files[name] = await readText(path, 'a TLS file of the store');
  }
  return files;
}

/** The password in the file of `--store-password-file`. @throws WasmcpError `store-unusable` */
export async function readPasswordFile(path: string): Promise<string> {
  return (await readText(path, '--store-password-file')).replace(/\r?\n$/, '');
}

/** @throws WasmcpError `store-unusable` */
export async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WasmcpError('store-unusable', `${what} cannot be read: ${reason}`);
  }
}
