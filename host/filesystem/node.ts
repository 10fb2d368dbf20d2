import { type BigIntStats, fstatSync, statSync } from 'node:fs';
import type { Guest } from '../guest.ts';
import { withErrorCodes } from './error-code.ts';
import type { Folder } from './guest-folder.ts';
import { type Directory, entryOf } from './held-directory.ts';
import type { OpenFile } from './open-file.ts';
import type { ProtectedFiles } from './protected-files.ts';

/** What a descriptor refers to. */
export type Target =
  | { readonly kind: 'directory'; readonly folder: Folder }
  | { readonly kind: 'file'; readonly file: OpenFile };

/** What all descriptors below one preopened folder share. */
export interface PreopenContext {
  readonly guest: Guest;
  /** No change is allowed, whatever the flags of a descriptor say. */
  readonly readOnly: boolean;
  readonly protectedFiles: ProtectedFiles;
}

/** A file or folder of a guest. Its methods trap once the guest was ended, and throw `error-code`s otherwise. */
export class Node {
  readonly context: PreopenContext;
  readonly target: Target;

  constructor(context: PreopenContext, target: Target) {
    this.context = context;
    this.target = target;
  }

  /** Throws `is-directory`. */
  file(): OpenFile {
    this.context.guest.checkDependent();
    if (this.target.kind !== 'file') throw 'is-directory';
    return this.target.file;
  }

  /** Throws `not-directory`. */
  folder(): Folder {
    this.context.guest.checkDependent();
    if (this.target.kind !== 'directory') throw 'not-directory';
    return this.target.folder;
  }

  directory(): Directory {
    return this.folder().directory();
  }

  stats(): BigIntStats {
    const target = this.target;
    if (target.kind === 'directory') {
      const path = entryOf(this.directory(), '.');
      return withErrorCodes(() => statSync(path, { bigint: true }));
    }
    this.context.guest.checkDependent();
    return withErrorCodes(() => fstatSync(target.file.descriptor, { bigint: true }));
  }

  /** Throws `read-only`. To be called before every change. */
  checkChange(): void {
    this.context.guest.checkDependent();
    if (this.context.readOnly) throw 'read-only';
  }
}
