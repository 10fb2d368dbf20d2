/** The options of jco for every component, for both kinds of glue. */
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
    // Mapped to itself: jco would strip the version, and the drafts of wasi:keyvalue would have the same name.
    map: Object.fromEntries(imports.map(({ name }) => [name, name])),
  };
}
