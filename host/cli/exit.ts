import type { Implementation } from '../options.ts';

/** Thrown through a guest that called `wasi:cli/exit`: ends the instance, never the process. */
export class GuestExit extends Error {
  /** Exit status that the guest requested, 0 to 255. */
  readonly status: number;

  constructor(status: number) {
    super(`the guest exited with status ${status}`);
    this.name = 'GuestExit';
    this.status = status;
  }

  /** Whether the guest reported success. */
  get ok(): boolean {
    return this.status === 0;
  }
}

/** `wasi:cli/exit`. */
export const exit: Implementation = {
  exit(status: { readonly tag: 'ok' | 'err' }): never {
    throw new GuestExit(status.tag === 'ok' ? 0 : 1);
  },
  exitWithCode(status: number): never {
    throw new GuestExit(status);
  },
};
