import {
  type BigIntStats,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Guest } from '../guest.ts';
import { InputStream } from '../io/input-stream.ts';
import { OutputStream } from '../io/output-stream.ts';
import { DirectoryEntryStream } from './directory-entry-stream.ts';
import { withErrorCodes } from './error-code.ts';
import { fileSink, fileSource, type OpenFile, openFile, writePosition } from './file.ts';
import { containsLink } from './links.ts';
import {
  type DescriptorStat,
  type DescriptorType,
  describe,
  type MetadataHash,
  metadataHash,
  type NewTimestamp,
  seconds,
  typeOf,
} from './metadata.ts';
import { type Resolved, resolve } from './resolve.ts';

/** Most bytes of one `read`: WIT allows fewer than asked for. */
const MAX_READ = 1024 * 1024;

/** Flags of `descriptor-flags` in `wasi:filesystem/types`; absent ones are off. */
export interface DescriptorFlags {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly fileIntegritySync?: boolean;
  readonly dataIntegritySync?: boolean;
  readonly requestedWriteSync?: boolean;
  readonly mutateDirectory?: boolean;
}

interface PathFlags {
  readonly symlinkFollow?: boolean;
}

interface OpenFlags {
  readonly create?: boolean;
  readonly directory?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
}

/** What a descriptor stands for. */
type Node =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'file'; readonly file: OpenFile };

/**
 * The resource `descriptor` of `wasi:filesystem/types`: a folder that was given to the guest, or what it opened below.
 * Errors are thrown as `error-code`. Operations take effect before they answer; they do not suspend the guest.
 */
export class Descriptor {
  readonly #guest: Guest;
  readonly #node: Node;
  readonly #flags: DescriptorFlags;
  readonly #readOnly: boolean;
  readonly #drop: () => void;

  /** `readOnly`: nothing below may change, whatever `flags` say. */
  constructor(guest: Guest, node: Node, flags: DescriptorFlags, readOnly: boolean) {
    this.#guest = guest;
    this.#node = node;
    this.#flags = flags;
    this.#readOnly = readOnly;
    this.#drop = node.kind === 'file' ? node.file.use() : () => {};
  }

  readViaStream(offset: bigint): InputStream {
    const file = this.#file();
    if (!this.#flags.read) throw 'bad-descriptor';
    return new InputStream(this.#guest, fileSource(file, offset), file.use());
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
    withErrorCodes(() => ftruncateSync(file.descriptor, Number(size)));
  }

  setTimes(access: NewTimestamp, modification: NewTimestamp): void {
    this.#checkChange();
    const stats = this.#stats();
    const times = [seconds(access, stats.atimeNs), seconds(modification, stats.mtimeNs)] as const;
    const node = this.#node;
    withErrorCodes(() =>
      node.kind === 'file' ? futimesSync(node.file.descriptor, ...times) : utimesSync(node.path, ...times),
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
    const path = this.#directory();
    return new DirectoryEntryStream(withErrorCodes(() => readdirSync(path, { withFileTypes: true })));
  }

  createDirectoryAt(path: string): void {
    const { path: target } = this.#changeable(path);
    withErrorCodes(() => mkdirSync(target));
  }

  stat(): DescriptorStat {
    return describe(this.#stats());
  }

  statAt(pathFlags: PathFlags, path: string): DescriptorStat {
    return describe(existing(this.#resolve(path, pathFlags.symlinkFollow)));
  }

  setTimesAt(pathFlags: PathFlags, path: string, access: NewTimestamp, modification: NewTimestamp): void {
    this.#checkChange();
    const found = this.#resolve(path, pathFlags.symlinkFollow);
    const stats = existing(found);
    withErrorCodes(() =>
      lutimesSync(found.path, seconds(access, stats.atimeNs), seconds(modification, stats.mtimeNs)),
    );
  }

  /** Symbolic links are not copied: see `resolve`. */
  linkAt(pathFlags: PathFlags, oldPath: string, newDescriptor: Descriptor, newPath: string): void {
    this.#checkChange();
    const from = this.#resolve(oldPath, pathFlags.symlinkFollow);
    if (existing(from).isSymbolicLink()) throw 'not-permitted';
    const to = newDescriptor.#changeable(newPath);
    if (to.asDirectory && to.stats === undefined) throw 'no-entry';
    withErrorCodes(() => linkSync(from.path, to.path));
  }

  openAt(pathFlags: PathFlags, path: string, openFlags: OpenFlags, flags: DescriptorFlags): Descriptor {
    const changes = flags.write || openFlags.create || openFlags.truncate;
    if (changes) this.#checkChange();
    const creates = openFlags.create && openFlags.exclusive;
    const found = this.#resolve(path, pathFlags.symlinkFollow && !creates);
    if (found.stats !== undefined && creates) throw 'exist';
    if (found.stats === undefined && !openFlags.create) throw 'no-entry';
    if (found.stats === undefined && (found.asDirectory || openFlags.directory)) throw 'invalid';
    if (found.stats?.isDirectory()) {
      if (changes) throw 'is-directory';
      const mutateDirectory = flags.mutateDirectory === true && !this.#readOnly;
      return this.#opened({ kind: 'directory', path: found.path }, { ...flags, mutateDirectory });
    }
    if (openFlags.directory) throw 'not-directory';
    if (found.stats?.isSymbolicLink()) throw 'loop';
    return this.#opened(
      { kind: 'file', file: openFile(this.#guest, found.path, modeOf(openFlags, flags)) },
      flags,
    );
  }

  readlinkAt(path: string): string {
    const found = this.#resolve(path, false);
    const target = withErrorCodes(() => readlinkSync(found.path));
    if (isAbsolute(target)) throw 'not-permitted';
    return target;
  }

  removeDirectoryAt(path: string): void {
    const found = this.#changeable(path);
    withErrorCodes(() => rmdirSync(found.path));
  }

  /**
   * Neither symbolic links are moved nor directories with one anywhere below: see `resolve`. What is below a directory is
   * read for that, so that one of which a part cannot be read is not moved either.
   */
  renameAt(oldPath: string, newDescriptor: Descriptor, newPath: string): void {
    const from = this.#changeable(oldPath);
    const stats = existing(from);
    if (stats.isSymbolicLink()) throw 'not-permitted';
    const to = newDescriptor.#changeable(newPath);
    if (to.asDirectory && !stats.isDirectory()) throw 'not-directory';
    withErrorCodes(() => {
      if (stats.isDirectory() && containsLink(from.path)) throw 'not-permitted';
      renameSync(from.path, to.path);
    });
  }

  /** Always refused: links that guests make could change where a path leads while another guest follows it. */
  symlinkAt(): void {
    this.#checkChange();
    throw 'not-permitted';
  }

  unlinkFileAt(path: string): void {
    const found = this.#changeable(path);
    if (existing(found).isDirectory()) throw 'is-directory';
    withErrorCodes(() => unlinkSync(found.path));
  }

  isSameObject(other: Descriptor): boolean {
    const [mine, theirs] = [this.#stats(), other.#stats()];
    return mine.ino === theirs.ino && mine.dev === theirs.dev;
  }

  metadataHash(): MetadataHash {
    return metadataHash(this.#stats());
  }

  metadataHashAt(pathFlags: PathFlags, path: string): MetadataHash {
    return metadataHash(existing(this.#resolve(path, pathFlags.symlinkFollow)));
  }

  [Symbol.dispose](): void {
    this.#drop();
  }

  #opened(node: Node, flags: DescriptorFlags): Descriptor {
    return new Descriptor(this.#guest, node, flags, this.#readOnly);
  }

  #outputStream(file: OpenFile, offset: bigint | 'end'): OutputStream {
    return new OutputStream({ guest: this.#guest }, fileSink(file, offset), file.use());
  }

  #sync(sync: (descriptor: number) => void): void {
    const node = this.#node;
    // A folder has no descriptor here to sync; its entries are as durable as the file system makes them.
    if (node.kind === 'file') withErrorCodes(() => sync(node.file.descriptor));
  }

  #file(): OpenFile {
    this.#guest.check();
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

  #directory(): string {
    this.#guest.check();
    if (this.#node.kind !== 'directory') throw 'not-directory';
    return this.#node.path;
  }

  #stats(): BigIntStats {
    this.#guest.check();
    const node = this.#node;
    if (node.kind === 'directory') return existing(resolve(node.path, '.', false));
    return withErrorCodes(() => fstatSync(node.file.descriptor, { bigint: true }));
  }

  #resolve(path: string, followLast = false): Resolved {
    return resolve(this.#directory(), path, followLast);
  }

  #changeable(path: string): Resolved {
    this.#checkChange();
    const found = this.#resolve(path);
    if (found.isBase) throw 'invalid';
    if (found.asDirectory && found.stats !== undefined && !found.stats.isDirectory()) throw 'not-directory';
    return found;
  }

  #checkChange(): void {
    this.#guest.check();
    if (this.#readOnly) throw 'read-only';
  }
}

function existing(found: Resolved): BigIntStats {
  if (found.stats === undefined) throw 'no-entry';
  return found.stats;
}

function modeOf(openFlags: OpenFlags, flags: DescriptorFlags): number {
  const access = flags.write ? (flags.read ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY;
  return (
    access |
    // The path was followed already. A FIFO without a writer would hold the whole thread.
    (constants.O_NOFOLLOW ?? 0) |
    (constants.O_NONBLOCK ?? 0) |
    (openFlags.create ? constants.O_CREAT : 0) |
    (openFlags.exclusive ? constants.O_EXCL : 0) |
    (openFlags.truncate ? constants.O_TRUNC : 0) |
    (flags.fileIntegritySync ? constants.O_SYNC : 0) |
    (flags.dataIntegritySync ? (constants.O_DSYNC ?? constants.O_SYNC) : 0)
  );
}
