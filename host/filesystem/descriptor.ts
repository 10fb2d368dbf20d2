import {
  type BigIntStats,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Guest } from '../guest.ts';
import { InputStream } from '../io/input-stream.ts';
import { OutputStream } from '../io/output-stream.ts';
import { type Directory, entryOf, holdsFolders, openDirectory } from './directory.ts';
import { DirectoryEntryStream } from './directory-entry-stream.ts';
import { withErrorCodes } from './error-code.ts';
import { fileSink, fileSource, type OpenFile, openFile, writePosition } from './file.ts';
import { type DescriptorFlags, modeOf, type OpenFlags, type PathFlags } from './flags.ts';
import { type Folder, openedFolder } from './folder.ts';
import { containsLink, leaves } from './links.ts';
import {
  type DescriptorStat,
  type DescriptorType,
  describe,
  type MetadataHash,
  metadataHash,
  type NewTimestamp,
  newTime,
  typeOf,
} from './metadata.ts';
import type { OwnFiles } from './own-files.ts';
import { existing, type Found, refuseMove, refuseOwn, walk } from './resolve.ts';

/** Most bytes of one `read`: WIT allows fewer than asked for. */
const MAX_READ = 1024 * 1024;

/** What a descriptor stands for. */
type Node =
  | { readonly kind: 'directory'; readonly folder: Folder }
  | { readonly kind: 'file'; readonly file: OpenFile };

/** What all descriptors below a folder that was given share. */
export interface Reach {
  readonly guest: Guest;
  /** Nothing may change, whatever the flags of a descriptor say. */
  readonly readOnly: boolean;
  readonly own: OwnFiles;
}

/**
 * The resource `descriptor` of `wasi:filesystem/types`: a folder that was given to the guest, or what it opened below.
 * Errors are thrown as `error-code`. Operations take effect before they answer; they do not suspend the guest.
 */
export class Descriptor {
  readonly #reach: Reach;
  readonly #node: Node;
  readonly #flags: DescriptorFlags;
  readonly #drop: () => void;

  constructor(reach: Reach, node: Node, flags: DescriptorFlags) {
    this.#reach = reach;
    this.#node = node;
    this.#flags = flags;
    this.#drop = node.kind === 'file' ? node.file.use() : () => node.folder.close();
  }

  readViaStream(offset: bigint): InputStream {
    const file = this.#file();
    if (!this.#flags.read) throw 'bad-descriptor';
    return new InputStream(this.#reach.guest, fileSource(file, offset), file.use());
  }

  writeViaStream(offset: bigint): OutputStream {
    return this.#outputStream(this.#writable(), offset);
  }

  /** What is written at the same time by others, also by other processes, is not lost. */
  appendViaStream(): OutputStream {
    return this.#outputStream(this.#writable().toAppend(), 'end');
  }

  /** Advice changes nothing that a guest could see. */
  advise(): void {
    this.#file();
  }

  syncData(): void {
    this.#sync(fdatasyncSync);
  }

  sync(): void {
    this.#sync(fsyncSync);
  }

  getFlags(): DescriptorFlags {
    return this.#flags;
  }

  getType(): DescriptorType {
    return typeOf(this.#stats());
  }

  setSize(size: bigint): void {
    const file = this.#file();
    this.#checkChange();
    const length = writePosition(size);
    withErrorCodes(() => ftruncateSync(file.descriptor, length));
  }

  setTimes(access: NewTimestamp, modification: NewTimestamp): void {
    this.#checkChange();
    const stats = this.#stats();
    const times = [newTime(access, stats.atimeNs), newTime(modification, stats.mtimeNs)] as const;
    const node = this.#node;
    withErrorCodes(() =>
      node.kind === 'file'
        ? futimesSync(node.file.descriptor, ...times)
        : utimesSync(this.#directory().path, ...times),
    );
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    const file = this.#file();
    const wanted = length > MAX_READ ? MAX_READ : Number(length);
    const buffer = new Uint8Array(wanted);
    const got = withErrorCodes(() => readSync(file.descriptor, buffer, 0, wanted, offset));
    return [buffer.subarray(0, got), got < wanted];
  }

  write(buffer: Uint8Array, offset: bigint): bigint {
    const file = this.#file();
    this.#checkChange();
    const position = writePosition(offset);
    return BigInt(withErrorCodes(() => writeSync(file.descriptor, buffer, 0, buffer.length, position)));
  }

  readDirectory(): DirectoryEntryStream {
    const { path } = this.#directory();
    return DirectoryEntryStream.open(this.#reach.guest, path);
  }

  createDirectoryAt(path: string): void {
    this.#change(path, ({ path: target }) => withErrorCodes(() => mkdirSync(target)));
  }

  stat(): DescriptorStat {
    return describe(this.#stats());
  }

  statAt(pathFlags: PathFlags, path: string): DescriptorStat {
    return this.#walk(path, pathFlags.symlinkFollow, (found) => describe(existing(found)));
  }

  setTimesAt(pathFlags: PathFlags, path: string, access: NewTimestamp, modification: NewTimestamp): void {
    this.#checkChange();
    this.#walk(path, pathFlags.symlinkFollow, (found) => {
      const stats = existing(found);
      refuseOwn(found);
      withErrorCodes(() =>
        lutimesSync(found.path, newTime(access, stats.atimeNs), newTime(modification, stats.mtimeNs)),
      );
    });
  }

  /** A symbolic link is linked itself, never what it leads to. */
  linkAt(pathFlags: PathFlags, oldPath: string, newDescriptor: Descriptor, newPath: string): void {
    this.#checkChange();
    if (pathFlags.symlinkFollow) throw 'invalid';
    this.#walk(oldPath, false, (from) => {
      refuseMove(from);
      const stats = existing(from);
      newDescriptor.#change(newPath, (to) => {
        if (to.asDirectory && to.stats === undefined) throw 'no-entry';
        if (stats.isSymbolicLink())
          newDescriptor.#checkLink(
            withErrorCodes(() => readlinkSync(from.path)),
            to,
          );
        withErrorCodes(() => linkSync(from.path, to.path));
      });
    });
  }

  openAt(pathFlags: PathFlags, path: string, openFlags: OpenFlags, flags: DescriptorFlags): Descriptor {
    const changes = flags.write || openFlags.create || openFlags.truncate;
    if (changes) this.#checkChange();
    const creates = openFlags.create && openFlags.exclusive;
    return this.#walk(path, pathFlags.symlinkFollow && !creates, (found) => {
      refuseOwn(found);
      if (found.stats !== undefined && creates) throw 'exist';
      if (found.stats === undefined && !openFlags.create) throw 'no-entry';
      if (found.stats === undefined && (found.asDirectory || openFlags.directory)) throw 'invalid';
      if (found.stats === undefined) refuseMove(found);
      if (found.stats?.isDirectory()) {
        if (changes) throw 'is-directory';
        return this.#openedDirectory(found, flags);
      }
      if (openFlags.directory) throw 'not-directory';
      if (found.stats?.isSymbolicLink()) throw 'loop';
      const file = openFile(this.#reach.guest, found.path, modeOf(openFlags, flags));
      return new Descriptor(this.#reach, { kind: 'file', file }, flags);
    });
  }

  readlinkAt(path: string): string {
    return this.#walk(path, false, (found) => {
      const target = withErrorCodes(() => readlinkSync(found.path));
      if (isAbsolute(target)) throw 'not-permitted';
      return target;
    });
  }

  removeDirectoryAt(path: string): void {
    this.#change(path, (found) => withErrorCodes(() => rmdirSync(found.path)));
  }

  /**
   * A symbolic link is moved as it is written, if it may be made at its new place. Folders are moved with all that is in
   * them: a link that leads out of what the guest was given thereby is not followed. Where folders cannot be held neither
   * links are moved nor folders that contain one: see `walk`.
   */
  renameAt(oldPath: string, newDescriptor: Descriptor, newPath: string): void {
    this.#change(oldPath, (from) => {
      const stats = existing(from);
      newDescriptor.#change(newPath, (to) => {
        if (to.asDirectory && !stats.isDirectory()) throw 'not-directory';
        withErrorCodes(() => {
          if (stats.isSymbolicLink()) newDescriptor.#checkLink(readlinkSync(from.path), to);
          if (!holdsFolders() && stats.isDirectory() && containsLink(from.path)) throw 'not-permitted';
          renameSync(from.path, to.path);
        });
      });
    });
  }

  /**
   * Makes a relative link that stays within what the guest was given, as it is written; where it leads is checked whenever it
   * is followed. Refused where folders cannot be held: a link could come in place of a folder that a walk has looked at.
   */
  symlinkAt(target: string, path: string): void {
    this.#checkChange();
    if (target === '') throw 'no-entry';
    if (target.includes('\0')) throw 'invalid';
    this.#change(path, (found) => {
      this.#checkLink(target, found);
      if (found.stats !== undefined) throw 'exist';
      if (found.asDirectory) throw 'no-entry';
      withErrorCodes(() => symlinkSync(target, found.path));
    });
  }

  unlinkFileAt(path: string): void {
    this.#change(path, (found) => {
      if (existing(found).isDirectory()) throw 'is-directory';
      withErrorCodes(() => unlinkSync(found.path));
    });
  }

  isSameObject(other: Descriptor): boolean {
    const [mine, theirs] = [this.#stats(), other.#stats()];
    return mine.ino === theirs.ino && mine.dev === theirs.dev;
  }

  metadataHash(): MetadataHash {
    return metadataHash(this.#stats());
  }

  metadataHashAt(pathFlags: PathFlags, path: string): MetadataHash {
    return this.#walk(path, pathFlags.symlinkFollow, (found) => metadataHash(existing(found)));
  }

  [Symbol.dispose](): void {
    this.#drop();
  }

  #openedDirectory(found: Found, flags: DescriptorFlags): Descriptor {
    const { guest, readOnly } = this.#reach;
    const depth = this.#folder().depth + found.depth + (found.isBase ? 0 : 1);
    const directory = withErrorCodes(() => openDirectory(found.path));
    const mutateDirectory = flags.mutateDirectory === true && !readOnly;
    const folder = openedFolder(guest, directory, depth);
    return new Descriptor(this.#reach, { kind: 'directory', folder }, { ...flags, mutateDirectory });
  }

  #outputStream(file: OpenFile, offset: bigint | 'end'): OutputStream {
    return new OutputStream({ guest: this.#reach.guest }, fileSink(file, offset), file.use());
  }

  #sync(sync: (descriptor: number) => void): void {
    const node = this.#node;
    // A folder has no descriptor here to sync; its entries are as durable as the file system makes them.
    if (node.kind === 'file') withErrorCodes(() => sync(node.file.descriptor));
  }

  #file(): OpenFile {
    this.#reach.guest.check();
    if (this.#node.kind !== 'file') throw 'is-directory';
    return this.#node.file;
  }

  /** To write by a stream. */
  #writable(): OpenFile {
    const file = this.#file();
    this.#checkChange();
    if (!this.#flags.write) throw 'bad-descriptor';
    return file;
  }

  #folder(): Folder {
    this.#reach.guest.check();
    if (this.#node.kind !== 'directory') throw 'not-directory';
    return this.#node.folder;
  }

  #directory(): Directory {
    return this.#folder().directory();
  }

  #stats(): BigIntStats {
    const node = this.#node;
    if (node.kind === 'directory') {
      const path = entryOf(this.#directory(), '.');
      return withErrorCodes(() => statSync(path, { bigint: true }));
    }
    this.#reach.guest.check();
    return withErrorCodes(() => fstatSync(node.file.descriptor, { bigint: true }));
  }

  #walk<T>(path: string, followLast: boolean | undefined, use: (found: Found) => T): T {
    const options = { from: this.#directory(), followLast: followLast === true, own: this.#reach.own };
    return walk(path, options, use);
  }

  /** For what makes, moves or removes an entry. */
  #change<T>(path: string, use: (found: Found) => T): T {
    this.#checkChange();
    return this.#walk(path, false, (found) => {
      if (found.isBase) throw 'invalid';
      if (found.asDirectory && found.stats !== undefined && !found.stats.isDirectory()) throw 'not-directory';
      refuseMove(found);
      return use(found);
    });
  }

  /** A link may lead to whatever the guest was given, also above this descriptor's folder. */
  #checkLink(target: string, at: Found): void {
    if (isAbsolute(target) || !holdsFolders()) throw 'not-permitted';
    if (leaves(target, this.#folder().depth + at.depth)) throw 'not-permitted';
  }

  #checkChange(): void {
    this.#reach.guest.check();
    if (this.#reach.readOnly) throw 'read-only';
  }
}
