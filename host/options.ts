import type { Guest } from './guest.ts';
import type { OutgoingHttp } from './http/outgoing/transport.ts';
import type { ByteSink } from './io/sink.ts';
import type { ByteSource } from './io/source.ts';
import type { Pass } from './keyvalue/durability-gate.ts';
import type { CheckedStore } from './keyvalue/limits.ts';

/** A folder that guests may use. */
export interface Preopen {
  /** The folder on this machine. */
  readonly host: string;
  /** Its name for guests, such as `/data`. */
  readonly guest: string;
  /** Each operation that would change something is refused as `read-only`. */
  readonly readOnly?: boolean;
}

/** Something on this machine that is none of the guests' business, wherever it lies. */
export interface ProtectedPath {
  readonly path: string;
  /**
   * `database`: with the files beside it whose names begin with its name, such as its log. `folder`: with all that is in it.
   */
  readonly kind: 'file' | 'database' | 'folder';
}

/** Where messages of `wasi:logging` go. `level` is one of trace, debug, info, warn, error, critical. */
export type Log = (level: string, context: string, message: string) => void;

/** What guests may see and use. Nothing is inherited from the process. */
export interface HostOptions {
  /** Environment variables of guests. */
  readonly env?: Readonly<Record<string, string>>;
  /** Command-line arguments of guests, the program's name first. */
  readonly args?: readonly string[];
  /** Values of `wasi:config/store`. */
  readonly config?: Readonly<Record<string, string>>;
  readonly preopens?: readonly Preopen[];
  /**
   * What guests get at by no name below `preopens`: they can neither open, change, link, replace nor remove it, nor move or
   * remove a folder that it is in. The host opens none of it. Name the database of a store here whenever folders are given.
   */
  readonly protected?: readonly ProtectedPath[];
  /** Backs `wasi:keyvalue`, which is not offered without. Stays the caller's to close. */
  readonly store?: CheckedStore;
  /** Sends HTTP requests of guests, which are all denied without. Stays the caller's to close. */
  readonly outgoing?: OutgoingHttp;
  /** Where guests' requests have to pass before any part of them leaves; when absent they leave at once. */
  readonly pass?: Pass;
  /** Messages are dropped when absent. */
  readonly log?: Log;
}

/** Standard input and output of one guest; each is looked up when the guest asks for the stream. */
export interface GuestIo {
  /** Empty when absent. */
  readonly stdin?: ByteSource | undefined;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
}

/**
 * What `get-many` of `wasi:keyvalue/batch@0.2.0-draft2` answers; both spellings go by the same version.
 *
 * - `options`: `list<option<tuple<string, list<u8>>>>`
 * - `pairs`: `list<tuple<string, option<list<u8>>>>`
 */
export type GetManyShape = 'options' | 'pairs';

/** What the name of an imported interface does not tell. */
export interface InterfaceShape {
  readonly getMany?: GetManyShape;
}

/** Functions and resource classes of one interface, named as jco's glue looks them up: camelCase, PascalCase. */
export type Implementation = Readonly<Record<string, unknown>>;

/** The interface of this full name, such as `wasi:io/streams@0.2.8`; undefined when it is not offered. */
export type Binding = (name: string, shape?: InterfaceShape) => Implementation | undefined;

/** What guests may call. */
export interface Host {
  /** For one guest: its interfaces are made when they are asked for, each once. */
  bind(guest: Guest, io: GuestIo): Binding;
}
