import { checked } from '../limits.ts';
import { DEFAULT_STORE_URL, openStore } from '../open.ts';

/**
 * The store of programs that name none in their code: `WASMCP_NODE_STORE`, or `sqlite:.wasmcp/store.db` in the current
 * folder. Each write returns once it is on disk, so the process may end at any time without closing the store.
 *
 * @throws WasmcpError `option-invalid`, `store-*`, when this module is imported
 */
export const defaultStore: ReturnType<typeof checked> = checked(
  await openStore(process.env.WASMCP_NODE_STORE || DEFAULT_STORE_URL),
);
