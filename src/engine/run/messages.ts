import type { StoreAccess, WasmcpErrorCode } from '../../../host/index.ts';
import type { LoadedComponent } from '../../component/component.ts';
import type { GuestAccess } from '../protocol/setup.ts';

/** A command's `workerData`. */
export interface CommandSetup extends GuestAccess {
  readonly component: LoadedComponent;
  /** Keys of the default bucket, see `seed`. */
  readonly presets: readonly (readonly [string, string])[];
  readonly storeUrl: string;
  readonly storeAccess?: StoreAccess;
  /** Maximum number of units that it may execute, see `createMeter`. */
  readonly fuel?: number | undefined;
  /** Milliseconds of processor time that it may use. */
  readonly cpu?: number | undefined;
}

export type OutputStream = 'stdout' | 'stderr';

export type ToCommand =
  | { readonly type: 'input'; readonly bytes: Uint8Array }
  | { readonly type: 'input-end' }
  | { readonly type: 'input-failed'; readonly reason: string }
  /** This many bytes of output were written: as many more may be sent. */
  | { readonly type: 'taken'; readonly stream: OutputStream; readonly bytes: number }
  /** This output has no reader any more. */
  | { readonly type: 'broken'; readonly stream: OutputStream; readonly reason: string };

export type FromCommand =
  /** Everything is ready and the guest starts now. */
  | { readonly type: 'started' }
  /** The guest waits for input: expects one reply of any length. */
  | { readonly type: 'want-input' }
  | { readonly type: 'output'; readonly stream: OutputStream; readonly bytes: Uint8Array }
  | { readonly type: 'log'; readonly level: string; readonly context: string; readonly message: string }
  /** The program could not start. */
  | { readonly type: 'failed'; readonly code: WasmcpErrorCode; readonly message: string }
  | { readonly type: 'ended'; readonly end: CommandEnd };

/** How a program ended: with an exit status, or by a trap. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'trapped'; readonly message: string };
