import type { StoreOptions } from '../driver.ts';
import { sourceDriverOf } from '../drivers.ts';
import { openStore } from '../open.ts';
import { type CopySource, storeSource } from './source.ts';

/**
 * Opens what `store copy` reads: any store, or `spin:PATH`.
 *
 * @throws WasmcpError `option-invalid`, `store-*`
 */
export async function openSource(url: string, options: StoreOptions): Promise<CopySource> {
  const source = await sourceDriverOf(url)?.openSource?.(url);
  return source ?? storeSource(await openStore(url, { ...options, create: false }));
}
