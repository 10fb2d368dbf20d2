/** The options of jco for every component, whichever glue follows. */
export interface JcoOptions {
  readonly name: string;
  readonly instantiation: 'sync';
  readonly multiMemory: boolean;
  readonly emitTypescriptDeclarations: boolean;
  readonly bindgenEnableWasmExnref: boolean;
  readonly map: Readonly<Record<string, string>>;
}

export function jcoOptions(imports: readonly { readonly name: string }[]): JcoOptions {
  return {
    name: 'component',
    instantiation: 'sync',
    multiMemory: true,
    emitTypescriptDeclarations: false,
    bindgenEnableWasmExnref: true,
    // To itself: jco would strip the version, and both drafts of wasi:keyvalue become one.
    map: Object.fromEntries(imports.map(({ name }) => [name, name])),
  };
}
