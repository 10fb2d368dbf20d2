import {
  linkSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { isAbsolute } from 'node:path';
import { withErrorCodes } from './error-code.ts';
import { type DescriptorFlags, modeOf, type OpenFlags, type PathFlags } from './flags.ts';
import { openedFolder } from './guest-folder.ts';
import { canHoldFolders, openDirectory } from './held-directory.ts';
import { containsLink, leaves } from './links.ts';
import {
  type DescriptorStat,
  describe,
  type MetadataHash,
  metadataHash,
  type NewTimestamp,
  newTime,
} from './metadata.ts';
import type { Node, Target } from './node.ts';
import { openFile } from './open-file.ts';
import { existing, type Found, refuseMove, refuseProtected, walk } from './path-walk.ts';

/** A file or folder that `open` has opened. */
export interface Opened {
  readonly target: Target;
  readonly flags: DescriptorFlags;
}

/** The `-at` functions of the resource `descriptor`: what they do below a folder, by paths that start from it. */
export class PathOperations {
  readonly #node: Node;

  constructor(node: Node) {
    this.#node = node;
  }

  createDirectory(path: string): void {
    this.#change(path, ({ path: target }) => withErrorCodes(() => mkdirSync(target)));
  }

  stat({ symlinkFollow }: PathFlags, path: string): DescriptorStat {
    return this.#walk(path, symlinkFollow, (found) => describe(existing(found)));
  }

  metadataHash({ symlinkFollow }: PathFlags, path: string): MetadataHash {
    return this.#walk(path, symlinkFollow, (found) => metadataHash(existing(found)));
  }

  setTimes(
    { symlinkFollow }: PathFlags,
    path: string,
    access: NewTimestamp,
    modification: NewTimestamp,
  ): void {
    this.#node.checkChange();
    this.#walk(path, symlinkFollow, (found) => {
      const stats = existing(found);
      refuseProtected(found);
      withErrorCodes(() =>
        lutimesSync(found.path, newTime(access, stats.atimeNs), newTime(modification, stats.mtimeNs)),
      );
    });
  }

  open({ symlinkFollow }: PathFlags, path: string, openFlags: OpenFlags, flags: DescriptorFlags): Opened {
    const changes = flags.write || openFlags.create || openFlags.truncate;
    if (changes) this.#node.checkChange();
    const creates = openFlags.create && openFlags.exclusive;
    return this.#walk(path, symlinkFollow && !creates, (found) => {
      refuseProtected(found);
      if (found.stats !== undefined && creates) throw 'exist';
      if (found.stats === undefined && !openFlags.create) throw 'no-entry';
      if (found.stats === undefined && (found.asDirectory || openFlags.directory)) throw 'invalid';
      if (found.stats === undefined) refuseMove(found);
      if (found.stats?.isDirectory()) {
        if (changes) throw 'is-directory';
        return this.#openDirectory(found, flags);
      }
      if (openFlags.directory) throw 'not-directory';
      if (found.stats?.isSymbolicLink()) throw 'loop';
      const file = openFile(this.#node.context.guest, found.path, modeOf(openFlags, flags));
      return { target: { kind: 'file', file }, flags };
    });
  }

  /** Links a symbolic link itself, never its target. */
  link({ symlinkFollow }: PathFlags, oldPath: string, target: PathOperations, newPath: string): void {
    this.#node.checkChange();
    if (symlinkFollow) throw 'invalid';
    this.#walk(oldPath, false, (from) => {
      refuseMove(from);
      const stats = existing(from);
      target.#change(newPath, (to) => {
        if (to.asDirectory && to.stats === undefined) throw 'no-entry';
        if (stats.isSymbolicLink())
          target.#checkLink(
            withErrorCodes(() => readlinkSync(from.path)),
            to,
          );
        withErrorCodes(() => linkSync(from.path, to.path));
      });
    });
  }

  readlink(path: string): string {
    return this.#walk(path, false, (found) => {
      const target = withErrorCodes(() => readlinkSync(found.path));
      if (isAbsolute(target)) throw 'not-permitted';
      return target;
    });
  }

  removeDirectory(path: string): void {
    this.#change(path, (found) => withErrorCodes(() => rmdirSync(found.path)));
  }

  /**
   * Moves a symbolic link unchanged if it would be allowed at its new place. Moves folders with their content: a link in them
   * that then leads out of the preopened folder is not followed. Where folders cannot be held open, neither links nor
   * folders that contain one are moved: see `walk`.
   */
  rename(oldPath: string, target: PathOperations, newPath: string): void {
    this.#change(oldPath, (from) => {
      const stats = existing(from);
      target.#change(newPath, (to) => {
        if (to.asDirectory && !stats.isDirectory()) throw 'not-directory';
        withErrorCodes(() => {
          if (stats.isSymbolicLink()) target.#checkLink(readlinkSync(from.path), to);
          if (!canHoldFolders() && stats.isDirectory() && containsLink(from.path)) throw 'not-permitted';
          renameSync(from.path, to.path);
        });
      });
    });
  }

  /**
   * Creates a relative link that stays within the preopened folder; where it leads is checked again whenever it is followed.
   * Not permitted where folders cannot be held open: a link could replace a folder that a walk has already checked.
   */
  symlink(target: string, path: string): void {
    this.#node.checkChange();
    if (target === '') throw 'no-entry';
    if (target.includes('\0')) throw 'invalid';
    this.#change(path, (found) => {
      this.#checkLink(target, found);
      if (found.stats !== undefined) throw 'exist';
      if (found.asDirectory) throw 'no-entry';
      withErrorCodes(() => symlinkSync(target, found.path));
    });
  }

  unlinkFile(path: string): void {
    this.#change(path, (found) => {
      if (existing(found).isDirectory()) throw 'is-directory';
      withErrorCodes(() => unlinkSync(found.path));
    });
  }

  #openDirectory(found: Found, flags: DescriptorFlags): Opened {
    const { guest, readOnly } = this.#node.context;
    const depth = this.#node.folder().depth + found.depth + (found.isBase ? 0 : 1);
    const directory = withErrorCodes(() => openDirectory(found.path));
    const mutateDirectory = flags.mutateDirectory === true && !readOnly;
    const folder = openedFolder(guest, directory, depth);
    return { target: { kind: 'directory', folder }, flags: { ...flags, mutateDirectory } };
  }

  #walk<T>(path: string, followLast: boolean | undefined, use: (found: Found) => T): T {
    const { protectedFiles } = this.#node.context;
    const options = { from: this.#node.directory(), followLast: followLast === true, protectedFiles };
    return walk(path, options, use);
  }

  /** Walks to an entry that is to be created, moved or removed. */
  #change<T>(path: string, use: (found: Found) => T): T {
    this.#node.checkChange();
    return this.#walk(path, false, (found) => {
      if (found.isBase) throw 'invalid';
      if (found.asDirectory && found.stats !== undefined && !found.stats.isDirectory()) throw 'not-directory';
      refuseMove(found);
      return use(found);
    });
  }

  /** A link may lead anywhere within the preopened folder, including above this descriptor's folder. */
  #checkLink(target: string, at: Found): void {
    if (isAbsolute(target) || !canHoldFolders()) throw 'not-permitted';
    if (leaves(target, this.#node.folder().depth + at.depth)) throw 'not-permitted';
  }
}
