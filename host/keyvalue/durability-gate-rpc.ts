import type { MessagePort } from 'node:worker_threads';
import { WasmcpError, type WasmcpErrorCode } from '../error.ts';
import type { DurabilityGate, Pass } from './durability-gate.ts';

/** What `serveGate` answers for each message: nothing, or why nothing leaves any more. */
type Answer = { readonly code: WasmcpErrorCode; readonly message: string } | undefined;

/** Lets the other end of `port` pass through `gate`, until either end closes. Does not keep the process alive. */
export function serveGate(gate: DurabilityGate, port: MessagePort): void {
  port.on('message', () => {
    gate.pass((failure) => {
      const answer: Answer = failure && { code: failure.code, message: failure.message };
      port.postMessage(answer);
    });
  });
  port.unref();
}

/**
 * The way through the gate that `serveGate` serves at the other end of `port`, for another thread: what that thread has
 * committed when it calls is on disk when it is released. Calls are released in their order, with `store-closed` when
 * the port closes.
 */
export function connectGate(port: MessagePort): Pass {
  const waiting: Parameters<Pass>[0][] = [];
  let closed = false;

  const closing = (): WasmcpError => new WasmcpError('store-closed', 'the store is closed');

  port.on('message', (answer: Answer) => {
    waiting.shift()?.(answer && new WasmcpError(answer.code, answer.message));
  });
  port.on('close', () => {
    closed = true;
    for (const release of waiting.splice(0)) release(closing());
  });
  port.unref();

  return (release) => {
    if (closed) return release(closing());
    waiting.push(release);
    port.postMessage(undefined);
  };
}
