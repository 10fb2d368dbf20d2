import type { MessagePort } from 'node:worker_threads';
import { WasmcpError, type WasmcpErrorCode } from '../error.ts';
import type { DurabilityGate, Pass } from './durability-gate.ts';

/** The reply to each message: undefined, or why nothing may leave any longer. */
type Reply = { readonly code: WasmcpErrorCode; readonly message: string } | undefined;

/** Serves `gate` to the other end of `port` until either end closes. Does not keep the process alive. */
export function serveGate(gate: DurabilityGate, port: MessagePort): void {
  port.on('message', () => {
    gate.pass((failure) => {
      const reply: Reply = failure && { code: failure.code, message: failure.message };
      port.postMessage(reply);
    });
  });
  port.unref();
}

/**
 * Connects another thread to the gate that `serveGate` serves at the other end of `port`: what that thread has committed when
 * it calls is on disk when the call is released. Calls are released in order, with `store-closed` once the port closes.
 */
export function connectGate(port: MessagePort): Pass {
  const waiting: Parameters<Pass>[0][] = [];
  let closed = false;

  const closing = (): WasmcpError => new WasmcpError('store-closed', 'the store is closed');

  port.on('message', (reply: Reply) => {
    waiting.shift()?.(reply && new WasmcpError(reply.code, reply.message));
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
