import type {
  OutgoingPolicy,
  Preopen,
  ProtectedPath,
  StoreLimits,
  WasmcpErrorCode,
} from '../../../host/index.ts';
import type { LoadedComponent } from '../../component/component.ts';

/** A command's `workerData`. */
export interface CommandSetup {
  readonly component: LoadedComponent;
  /** The guest's whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The program's name first. */
  readonly args: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  /** Keys of the default bucket, see `seed`. */
  readonly presets: readonly (readonly [string, string])[];
  readonly preopens: readonly Preopen[];
  /** What the guest never gets at, wherever it lies. */
  readonly protected: readonly ProtectedPath[];
  readonly storeUrl: string;
  readonly storeLimits: StoreLimits;
  /** Bytes that the host holds for the guest at most. */
  readonly maxHostMemory?: number;
  /** Where the guest's HTTP requests may go. */
  readonly outgoing: OutgoingPolicy;
}

export type OutputStream = 'stdout' | 'stderr';

export type ToCommand =
  | { readonly type: 'input'; readonly bytes: Uint8Array }
  | { readonly type: 'input-end' }
  | { readonly type: 'input-failed'; readonly reason: string }
  /** So many bytes of output have left: as many more may be written. */
  | { readonly type: 'taken'; readonly stream: OutputStream; readonly bytes: number }
  /** Nobody takes this output any more. */
  | { readonly type: 'broken'; readonly stream: OutputStream; readonly reason: string };

export type FromCommand =
  /** Everything is ready, the guest starts now. */
  | { readonly type: 'started' }
  /** The guest waits for input: one answer is wanted, whatever its length. */
  | { readonly type: 'want-input' }
  | { readonly type: 'output'; readonly stream: OutputStream; readonly bytes: Uint8Array }
  | { readonly type: 'log'; readonly level: string; readonly context: string; readonly message: string }
  /** Could not start. */
  | { readonly type: 'failed'; readonly code: WasmcpErrorCode; readonly message: string }
  | { readonly type: 'ended'; readonly end: CommandEnd };

/** How a program ended: by a status of its own, or by a trap. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'trapped'; readonly message: string };
