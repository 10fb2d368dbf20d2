import type { Guest } from './guest.ts';
import type { OutgoingHttp } from './http/outgoing/transport.ts';
import type { ByteSink } from './io/sink.ts';
import type { ByteSource } from './io/source.ts';
import type { Pass } from './keyvalue/durability-gate.ts';
import type { CheckedStore } from './keyvalue/limits.ts';

/** A folder that guests may use, see `wasi:filesystem/preopens`. */
export interface Preopen {
  /** Path of the folder on this machine. */
  readonly host: string;
  /** Name of the folder for guests, such as `/data`. */
  readonly guest: string;
  /** Every operation that would change something fails with `read-only`. */
  readonly readOnly?: boolean;
}

/** A path on this machine that guests must not access, wherever it lies. */
export interface ProtectedPath {
  readonly path: string;
  /**
   * `database` includes the files beside it whose names begin with its name, such as its log; `folder` includes all that it
   * contains.
   */
  readonly kind: 'file' | 'database' | 'folder';
}

/** Receives messages of `wasi:logging/logging`. `level` is one of trace, debug, info, warn, error, critical. */
export type Log = (level: string, context: string, message: string) => void;

/** What guests can see and use. Nothing is inherited from the process. */
export interface HostOptions {
  /** Environment variables of guests. */
  readonly env?: Readonly<Record<string, string>>;
  /** Command-line arguments of guests, including the program's name as the first. */
  readonly args?: readonly string[];
  /** Values of `wasi:config/store`. */
  readonly config?: Readonly<Record<string, string>>;
  /** Folders that guests may use; none by default. */
  readonly preopens?: readonly Preopen[];
  /**
   * What guests cannot access by any name below `preopens`: they cannot open, change, link, replace or remove it, nor move or
   * remove a folder that contains it. The host does not open it. List the database of a store here if there are preopens.
   */
  readonly protected?: readonly ProtectedPath[];
  /** Backs `wasi:keyvalue`, which is not available without it. The caller closes it. */
  readonly store?: CheckedStore;
  /** Sends HTTP requests of guests; without it every request is denied. The caller closes it. */
  readonly outgoing?: OutgoingHttp;
  /** The durability gate that guests' requests pass before any part of them leaves; without it they leave at once. */
  readonly pass?: Pass;
  /** Without it, messages are dropped. */
  readonly log?: Log;
}

/** Standard input and output of one guest; each is read when the guest requests the stream. */
export interface GuestIo {
  /** Empty if absent. */
  readonly stdin?: ByteSource | undefined;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
}

/**
 * What `get-many` of `wasi:keyvalue/batch@0.2.0-draft2` returns; two WIT texts have the same version.
 *
 * - `options`: `list<option<tuple<string, list<u8>>>>`
 * - `pairs`: `list<tuple<string, option<list<u8>>>>`
 */
export type GetManyShape = 'options' | 'pairs';

/** Properties of an imported interface that its name does not tell. */
export interface InterfaceShape {
  readonly getMany?: GetManyShape;
}

/** Functions (camelCase) and resource classes (PascalCase) of one interface, named as in jco's glue. */
export type Implementation = Readonly<Record<string, unknown>>;

/** Returns the interface with a full name, such as `wasi:io/streams@0.2.8`; undefined if it is not available. */
export type Binding = (name: string, shape?: InterfaceShape) => Implementation | undefined;

/** The interfaces that guests can import. */
export interface Host {
  /** Binds the interfaces to one guest; each is made once, when it is first requested. */
  bind(guest: Guest, io: GuestIo): Binding;
}
