import { readFileSync, statSync } from 'node:fs';
import { WasmcpError } from '../../host/index.ts';
import { type ComponentOutline, readComponent } from '../component/outline.ts';
import { type Generation, startTranspilerThread, type TranspilerThread } from './jco-thread.ts';
import {
  endPrestartedTranspiler,
  keepPrestartedTranspiler,
  takePrestartedTranspiler,
} from './prestarted-transpiler.ts';
import { type StubbedComponent, stubModules } from './stub-modules.ts';

/** A component that is being transpiled before anyone has asked for it. */
export interface Ahead {
  readonly source: string;
  readonly bytes: Uint8Array;
  readonly outline: ComponentOutline;
  readonly stubbed: StubbedComponent;
  readonly generation: Generation;
}

/** The largest file that is read ahead. */
const MAX_SIZE: number = 64 * 1024 ** 2;

export const refused = (message: string): Error => new WasmcpError('component-invalid', message);

let ahead: Ahead | undefined;

/**
 * Gives a thread to the next load, and lets it transpile the component in this file until then. Only the load reports what is
 * wrong with it. The thread does not keep the process alive until it is taken.
 */
export function transpileAhead(thread: TranspilerThread, path: string | undefined): void {
  keepPrestartedTranspiler(thread);
  if (path === undefined) return;
  try {
    const status = statSync(path);
    // Others can be read only once.
    if (!status.isFile() || status.size > MAX_SIZE) return;
    const bytes = new Uint8Array(readFileSync(path));
    const outline = readComponent(bytes, path);
    const stubbed = stubModules(bytes);
    const task = { bytes: stubbed.bytes, source: path, imports: outline.imports };
    const generation = thread.generate(task, refused);
    generation.modules.catch(() => {});
    ahead = { source: path, bytes, outline, stubbed, generation };
  } catch {
    // The load fails for the same reason.
  }
}

/** The prestarted thread, or a new one, for this component; and what it does for it already. */
export function takeTranspiler(
  bytes: Uint8Array,
  source: string,
): { readonly thread: TranspilerThread; readonly ahead: Ahead | undefined } {
  const begun = ahead;
  ahead = undefined;
  const isSame = begun?.source === source && Buffer.compare(begun.bytes, bytes) === 0;
  if (begun !== undefined && !isSame) endPrestartedTranspiler();
  const prestarted = takePrestartedTranspiler();
  const thread = prestarted ?? startTranspilerThread();
  thread.keepAlive(true);
  return { thread, ahead: isSame && prestarted !== undefined ? begun : undefined };
}
