const RESOURCE_FUNCTION = /^\[(method|static|constructor|resource-drop)\]([^.]+)(?:\.(.+))?$/;

/**
 * Whether an implementation has the function with this WIT name, such as `poll`, `[method]pollable.block`,
 * `[static]fields.from-list`, `[constructor]fields`, `[resource-drop]pollable`.
 */
export function offersFunction(implementation: object, name: string): boolean {
  const [, kind, resource, member] = RESOURCE_FUNCTION.exec(name) ?? [];
  if (kind === undefined || resource === undefined) return hasOwnFunction(implementation, camelCase(name));
  const owner = hasOwnFunction(implementation, pascalCase(resource))
    ? (Reflect.get(implementation, pascalCase(resource)) as { readonly prototype: object })
    : undefined;
  if (owner === undefined || member === undefined) return owner !== undefined;
  return hasOwnFunction(kind === 'static' ? owner : owner.prototype, camelCase(member));
}

/** Inherited ones do not count: every object has a `toString`. */
function hasOwnFunction(object: object, name: string): boolean {
  return typeof Object.getOwnPropertyDescriptor(object, name)?.value === 'function';
}

/** `get-random-u64` becomes `getRandomU64`, as in jco's glue. */
function camelCase(name: string): string {
  return name.toLowerCase().replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** `input-stream` becomes `InputStream`, as in jco's glue. */
function pascalCase(name: string): string {
  const camel = camelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}
