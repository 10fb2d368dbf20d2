import {
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  readSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { InputStream } from '../io/input-stream.ts';
import { OutputStream } from '../io/output-stream.ts';
import { DirectoryEntryStream } from './directory-entry-stream.ts';
import { withErrorCodes } from './error-code.ts';
import type { DescriptorFlags, OpenFlags, PathFlags } from './flags.ts';
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
import { Node, type PreopenContext, type Target } from './node.ts';
import { fileSink, fileSource, type OpenFile, writePosition } from './open-file.ts';
import { PathOperations } from './path-operations.ts';

/** Maximum number of bytes that one `read` returns: WIT allows fewer than requested. */
const MAX_READ = 1024 * 1024;

/**
 * The resource `descriptor` of `wasi:filesystem/types`: a preopened folder, or a file or folder that the guest opened below
 * one. Methods are named as in the WIT and throw `error-code`s. They are synchronous: a call that has returned has taken
 * effect.
 */
export class Descriptor {
  readonly #node: Node;
  readonly #paths: PathOperations;
  readonly #flags: DescriptorFlags;
  readonly #drop: () => void;

  constructor(context: PreopenContext, target: Target, flags: DescriptorFlags) {
    this.#node = new Node(context, target);
    this.#paths = new PathOperations(this.#node);
    this.#flags = flags;
    this.#drop = target.kind === 'file' ? target.file.use() : () => target.folder.close();
  }

  readViaStream(offset: bigint): InputStream {
    const file = this.#node.file();
    if (!this.#flags.read) throw 'bad-descriptor';
    return new InputStream(this.#node.context.guest, fileSource(file, offset), file.use());
  }

  writeViaStream(offset: bigint): OutputStream {
    return this.#outputStream(this.#writable(), offset);
  }

  /** Concurrent appends, also by other processes, do not overwrite each other. */
  appendViaStream(): OutputStream {
    return this.#outputStream(this.#writable().toAppend(), 'end');
  }

  /** Advice has no effect that a guest could observe. */
  advise(): void {
    this.#node.file();
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
    return typeOf(this.#node.stats());
  }

  setSize(size: bigint): void {
    const file = this.#node.file();
    this.#node.checkChange();
    const length = writePosition(size);
    withErrorCodes(() => ftruncateSync(file.descriptor, length));
  }

  setTimes(access: NewTimestamp, modification: NewTimestamp): void {
    this.#node.checkChange();
    const stats = this.#node.stats();
    const times = [newTime(access, stats.atimeNs), newTime(modification, stats.mtimeNs)] as const;
    const { target } = this.#node;
    withErrorCodes(() =>
      target.kind === 'file'
        ? futimesSync(target.file.descriptor, ...times)
        : utimesSync(this.#node.directory().path, ...times),
    );
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    const file = this.#node.file();
    const wanted = length > MAX_READ ? MAX_READ : Number(length);
    const buffer = new Uint8Array(wanted);
    const got = withErrorCodes(() => readSync(file.descriptor, buffer, 0, wanted, offset));
    return [buffer.subarray(0, got), got < wanted];
  }

  write(buffer: Uint8Array, offset: bigint): bigint {
    const file = this.#node.file();
    this.#node.checkChange();
    const position = writePosition(offset);
    return BigInt(withErrorCodes(() => writeSync(file.descriptor, buffer, 0, buffer.length, position)));
  }

  readDirectory(): DirectoryEntryStream {
    const { path } = this.#node.directory();
    return DirectoryEntryStream.open(this.#node.context.guest, path);
  }

  createDirectoryAt(path: string): void {
    this.#paths.createDirectory(path);
  }

  stat(): DescriptorStat {
    return describe(this.#node.stats());
  }

  statAt(pathFlags: PathFlags, path: string): DescriptorStat {
    return this.#paths.stat(pathFlags, path);
  }

  setTimesAt(pathFlags: PathFlags, path: string, access: NewTimestamp, modification: NewTimestamp): void {
    this.#paths.setTimes(pathFlags, path, access, modification);
  }

  linkAt(pathFlags: PathFlags, oldPath: string, newDescriptor: Descriptor, newPath: string): void {
    this.#paths.link(pathFlags, oldPath, newDescriptor.#paths, newPath);
  }

  openAt(pathFlags: PathFlags, path: string, openFlags: OpenFlags, flags: DescriptorFlags): Descriptor {
    const opened = this.#paths.open(pathFlags, path, openFlags, flags);
    return new Descriptor(this.#node.context, opened.target, opened.flags);
  }

  readlinkAt(path: string): string {
    return this.#paths.readlink(path);
  }

  removeDirectoryAt(path: string): void {
    this.#paths.removeDirectory(path);
  }

  renameAt(oldPath: string, newDescriptor: Descriptor, newPath: string): void {
    this.#paths.rename(oldPath, newDescriptor.#paths, newPath);
  }

  symlinkAt(target: string, path: string): void {
    this.#paths.symlink(target, path);
  }

  unlinkFileAt(path: string): void {
    this.#paths.unlinkFile(path);
  }

  isSameObject(other: Descriptor): boolean {
    const [mine, theirs] = [this.#node.stats(), other.#node.stats()];
    return mine.ino === theirs.ino && mine.dev === theirs.dev;
  }

  metadataHash(): MetadataHash {
    return metadataHash(this.#node.stats());
  }

  metadataHashAt(pathFlags: PathFlags, path: string): MetadataHash {
    return this.#paths.metadataHash(pathFlags, path);
  }

  [Symbol.dispose](): void {
    this.#drop();
  }

  #outputStream(file: OpenFile, offset: bigint | 'end'): OutputStream {
    return new OutputStream({ guest: this.#node.context.guest }, fileSink(file, offset), file.use());
  }

  #sync(sync: (descriptor: number) => void): void {
    const { target } = this.#node;
    // A folder has no descriptor here that could be synced; its entries are as durable as the file system makes them.
    if (target.kind === 'file') withErrorCodes(() => sync(target.file.descriptor));
  }

  /** The file, if a stream may write to it. */
  #writable(): OpenFile {
    const file = this.#node.file();
    this.#node.checkChange();
    if (!this.#flags.write) throw 'bad-descriptor';
    return file;
  }
}
