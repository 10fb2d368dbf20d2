import { fstatSync, readFileSync } from 'node:fs';

/** A socket that the service manager has opened and that listens already. */
export interface InheritedSocket {
  readonly fd: number;
}

export function isInherited(target: object): target is InheritedSocket {
  return 'fd' in target;
}

/** The path of an inherited Unix socket, as far as the system says. */
export function pathOfSocket(fd: number): string | undefined {
  try {
    const inode = String(fstatSync(fd).ino);
    // Num RefCount Protocol Flags Type St Inode Path
    for (const line of readFileSync('/proc/net/unix', 'utf8').split('\n')) {
      const fields = line.trim().split(/\s+/);
      if (fields[6] === inode) return fields.slice(7).join(' ') || undefined;
    }
  } catch {
    // Not Linux, or /proc is hidden.
  }
  return undefined;
}
