/** Host functions by full interface name, then by jco's name of the function or class (`blockingRead`, `Pollable`). */
export type GlueImports = Readonly<Record<string, object>>;

/** What the glue module exports. Interfaces are found under their full names: `['wasi:cli/run@0.2.6'].run()`. */
export interface GlueModule {
  /**
   * Makes one instance of the component. Synchronous: start functions run before it answers and cannot suspend.
   * `instantiateCore` can be replaced to see each core instance as it is made.
   */
  instantiate(
    getCoreModule: (name: string) => WebAssembly.Module,
    imports: GlueImports,
    instantiateCore?: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
  ): Readonly<Record<string, Readonly<Record<string, (...values: unknown[]) => unknown>>>>;
}
