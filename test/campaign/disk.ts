import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A file system of its own. */
export interface Volume {
  readonly folder: string;
  destroy(): void;
}

/** An ext4 file system of its own whose power can be cut. */
export interface Disk extends Volume {
  /**
   * From now on nothing reaches the device. Data that has not reached it is gone after `restart`, as after a power cut: the
   * journal is not flushed, and pages that were only in memory are discarded.
   */
  cut(): void;
  /** Mounts the device again, which replays the file system's journal. No process may have a file open. */
  restart(): void;
}

/** Why disks cannot be created on this machine; undefined if they can. */
export function noDisks(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root, to mount a file system';
  if (!existsSync('/dev/loop-control')) return 'needs loop devices';
  const path = `${process.env.PATH}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  const missing = ['cc', 'mkfs.ext4', 'mount', 'umount'].filter(
    (name) => !path.some((folder) => existsSync(join(folder, name))),
  );
  return missing.length > 0 ? `needs ${missing.join(', ')}` : undefined;
}

const MEBIBYTE = 1024 * 1024;

/** A file system in memory. */
export function createMemoryVolume(mebibytes: number): Volume {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-volume-'));
  run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'none', folder]);
  return {
    folder,
    destroy() {
      run('umount', [folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

export function createDisk(mebibytes: number): Disk {
  const home = mkdtempSync(join(tmpdir(), 'wasmcp-node-disk-'));
  // Servers that refuse to run as root need it too.
  chmodSync(home, 0o755);
  const image = join(home, 'disk.img');
  const folder = join(home, 'mounted');
  const breaker = join(home, 'power-cut');
  execFileSync('cc', ['-o', breaker, join(import.meta.dirname, 'power-cut.c')]);
  writeFileSync(image, '');
  truncateSync(image, mebibytes * MEBIBYTE);
  run('mkfs.ext4', ['-q', '-F', image]);
  mkdirSync(folder);
  mount();

  function mount(): void {
    // The journal is committed only on request: nothing reaches the device by chance while a campaign runs.
    run('mount', ['-o', 'loop,commit=3600', image, folder]);
  }

  return {
    folder,
    cut: () => run(breaker, [folder]),
    restart() {
      run('umount', [folder]);
      mount();
    },
    destroy() {
      run('umount', [folder]);
      rmSync(home, { recursive: true });
    },
  };
}

function run(command: string, args: readonly string[]): void {
  const path = `${process.env.PATH}${delimiter}/usr/sbin${delimiter}/sbin`;
  execFileSync(command, args, {
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
