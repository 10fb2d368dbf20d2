/** A core module of a component, under the name that the glue requests. */
export type NamedModule = readonly [name: string, bytes: Uint8Array];
