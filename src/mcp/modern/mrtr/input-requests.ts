import { writeJson } from '../../long-values/long-value.ts';
import type { JsonObject } from '../client-message.ts';
import { MAX_INPUT_BYTES, MAX_INPUTS, TOO_MANY } from './limits.ts';

/** Requests of a guest that its client has not responded to, by the names under which the client gets them. */
export class InputRequests {
  readonly #open = new Map<string, { readonly request: JsonObject; readonly size: number }>();
  #size = 0;

  get count(): number {
    return this.#open.size;
  }

  /** Returns why it cannot be added, if so. */
  add(request: JsonObject): string | undefined {
    const size = writeJson(request).length;
    if (this.#open.size >= MAX_INPUTS) return TOO_MANY;
    if (this.#size + size > MAX_INPUT_BYTES) return `requests of more than ${MAX_INPUT_BYTES} bytes at once`;
    this.#open.set(this.#nameFor(request), { request, size });
    this.#size += size;
    return undefined;
  }

  names(): string[] {
    return [...this.#open.keys()];
  }

  /** The JSON-RPC response that the guest gets; the request is no longer open. */
  respond(name: string, result: JsonObject): Uint8Array {
    const { request, size } = this.#open.get(name)!;
    this.#open.delete(name);
    this.#size -= size;
    return Buffer.from(writeJson({ jsonrpc: '2.0', id: request.id, result }));
  }

  /** The method of the one that has waited longest. */
  oldest(): unknown {
    return this.#open.values().next().value?.request.method;
  }

  /** As the client gets them (MCP 2026-07-28, "Multi Round-Trip Requests", section "InputRequests"). */
  list(): JsonObject {
    return Object.fromEntries([...this.#open].map(([name, { request }]) => [name, forClient(request)]));
  }

  /** The guest's own id, if it is free. */
  #nameFor({ id }: JsonObject): string {
    const name = typeof id === 'string' ? id : JSON.stringify(id);
    let free = name;
    for (let i = 2; this.#open.has(free); i++) free = `${name}#${i}`;
    return free;
  }
}

/** Without members of earlier revisions that mean nothing to the client. */
function forClient({ method, params }: JsonObject): JsonObject {
  if (params === undefined) return { method };
  const { elicitationId: _elicitationId, task: _task, ...others } = params as JsonObject;
  return { method, params: others };
}
