import { realpathSync, statSync } from 'node:fs';
import { WasmcpError } from '../error.ts';
import type { Guest } from '../guest.ts';
import type { Implementation, Preopen } from '../options.ts';
import { Descriptor } from './descriptor.ts';

/** Folders as they were found, for `preopens`. Throws `directory-unusable` when one is none. */
export function openPreopens(preopens: readonly Preopen[]): readonly Preopen[] {
  return preopens.map((preopen) => {
    try {
      const host = realpathSync(preopen.host);
      if (statSync(host).isDirectory()) return { ...preopen, host };
    } catch (error) {
      throw new WasmcpError('directory-unusable', `cannot use the folder ${preopen.host}`, { cause: error });
    }
    throw new WasmcpError('directory-unusable', `${preopen.host} is not a folder`);
  });
}

/** `wasi:filesystem/preopens`. */
export function preopens(guest: Guest, opened: readonly Preopen[]): Implementation {
  return {
    getDirectories: (): [Descriptor, string][] =>
      opened.map(({ host, guest: name, readOnly = false }) => {
        const flags = { read: true, mutateDirectory: !readOnly };
        return [new Descriptor(guest, { kind: 'directory', path: host }, flags, readOnly), name];
      }),
  };
}
