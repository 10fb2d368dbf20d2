import { expectShape } from '../expect-shape.ts';
import { coreParams } from '../host-functions/suspend-mode.ts';
import type { Rewriting } from '../rewriting.ts';
import { type WaitingCall, waitingCallsModule } from '../wasm/waiting-calls.ts';

/**
 * Binds guests directly to the code of host functions, without jco's machinery. Functions that may wait are called through a
 * wasm function that suspends only if necessary.
 */
export function bindHostFunctions(rewriting: Rewriting): void {
  const { edit, hostFunctions } = rewriting;
  const waiting: WaitingCall[] = [];
  for (const hostFunction of hostFunctions) {
    const { binding, number, mode } = hostFunction;
    if (mode === 'none') edit.replace(binding, `_trampoline${number}`);
    else if (mode === 'async') edit.replace(binding, `new WebAssembly.Suspending(_trampoline${number})`);
    else {
      edit.replace(binding, `$waiting.trampoline${number}`);
      waiting.push({ name: `trampoline${number}`, params: coreParams(hostFunction)! });
    }
  }
  if (waiting.length > 0) linkWaitingCalls(rewriting, waiting);
}

function linkWaitingCalls(
  { edit, prelude, hostFunctions }: Rewriting,
  waiting: readonly WaitingCall[],
): void {
  const names = new Set(waiting.map(({ name }) => name));
  const linked = hostFunctions.filter(({ number }) => names.has(`trampoline${number}`));
  const first = Math.min(...linked.map(({ bindingStatement }) => bindingStatement.start));
  expectShape(
    linked.every(({ place }) => place.end < first),
    'a host function is bound before its code',
  );
  const functions = linked.map(({ number }) => `trampoline${number}: _trampoline${number}`);
  edit.insert(first, `const $waiting = $suspension.link($WAITING_CALLS, { ${functions.join(', ')} });\n`);
  const module = Buffer.from(waitingCallsModule(waiting)).toString('base64');
  prelude.push(`const $WAITING_CALLS = new WebAssembly.Module(Buffer.from('${module}', 'base64'));\n`);
}
