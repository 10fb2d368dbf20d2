/**
 * How a component's `get-many` of `wasi:keyvalue/batch` pairs keys and values. Two spellings exist under the one
 * version 0.2.0-draft2, so only the component's own types tell.
 *
 * - `options`: `list<option<tuple<string, list<u8>>>>`
 * - `pairs`: `list<tuple<string, option<list<u8>>>>`
 */
export type GetManyShape = 'options' | 'pairs';

/** One interface that a component imports. */
export interface ImportedInterface {
  /** Full name with its version, such as `wasi:io/poll@0.2.6`: the key that the glue looks up among the imports. */
  readonly name: string;
  /** WIT names of its functions, such as `poll` or `[method]pollable.block`; empty when it carries types only. */
  readonly functions: readonly string[];
  /** WIT names of the resources it defines itself; those it takes from other interfaces are left out. */
  readonly resources: readonly string[];
  /** Present when the interface has a `get-many`. */
  readonly getMany?: GetManyShape;
}

/** The JavaScript that joins a component's core modules to the host functions. */
export interface Glue {
  /**
   * What to give to `import()`: a `data:` URL, so that the code that runs is the code that was verified, and a
   * worker that starts later needs no file that somebody may have changed or cleared meanwhile.
   */
  readonly url: string;
  /** `raw` is jco's own output, able to suspend (JSPI), with counted patches. */
  readonly kind: 'raw';
  /** Why this kind, for people. */
  readonly reason?: string;
}

/** A checked, transpiled and compiled component. Can be sent to a worker by `postMessage` as it is. */
export interface Component {
  /** What people read in messages: the path, the URL, `stdin` or `bytes`. */
  readonly source: string;
  /** SHA-256 of the component's bytes, lower-case hexadecimal. */
  readonly digest: string;
  /** Length of the component in bytes. */
  readonly size: number;
  readonly imports: readonly ImportedInterface[];
  /** Full names of what it exports, such as `wasi:http/incoming-handler@0.2.6`. */
  readonly exports: readonly string[];
  /** How many components are nested in it. */
  readonly innerComponents: number;
  readonly glue: Glue;
  /** Core modules by the name that the glue asks for. */
  readonly modules: Readonly<Record<string, WebAssembly.Module>>;
  /** False when this load had to transpile. */
  readonly fromCache: boolean;
}
