import { WasmcpError } from '../../host/index.ts';
import { type MeteredModule, meterModule } from './meter-module.ts';
import { type ModuleOutline, outlineModule } from './outline.ts';

/** Returns a function that meters variants of a core module, to which code was added, each of them once (see `meterModule`). */
export function createMetering(outline: ModuleOutline | string): (variant: Uint8Array) => MeteredModule {
  const made = new Map<Uint8Array, MeteredModule>();
  return (variant) => {
    if (typeof outline === 'string') return { bytes: variant, names: undefined, unmetered: outline };
    const known = made.get(variant);
    if (known !== undefined) return known;
    const metered = meterModule(outline, variant);
    made.set(variant, metered);
    return metered;
  };
}

/** The outline of a core module, or why it cannot be read. */
export function tryOutline(bytes: Uint8Array): ModuleOutline | string {
  try {
    return outlineModule(bytes);
  } catch (error) {
    if (error instanceof WasmcpError) return error.message;
    throw error;
  }
}
