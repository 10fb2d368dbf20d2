import type { ClientMessage, JsonObject } from '../client-message.ts';
import type { DetachedInput } from '../mrtr/types.ts';

/** What it takes to ask the client of a task. */
export interface TaskInputsParts {
  /** The call. */
  readonly message: ClientMessage;
  /** Milliseconds that a guest waits for its client. */
  readonly inputWait: number;
  /** Makes this a part of the task. */
  ask(requests: JsonObject): Promise<void>;
}

/**
 * What the guest of a task asks its client. It becomes a part of the task, and the guest waits, until the client responds by
 * `tasks/update` (SEP-2663, "Task Update Requests").
 */
export class TaskInputs {
  readonly #parts: TaskInputsParts;
  /** The guest's names of what it has asked, by ours, which are never used again. */
  readonly #open = new Map<string, string>();
  #count = 0;
  #input: DetachedInput | undefined;
  #expiry: NodeJS.Timeout | undefined;

  constructor(parts: TaskInputsParts) {
    this.#parts = parts;
  }

  /** The guest waits for all of this; a part of it may be known already. */
  required(input: DetachedInput): void {
    this.#input = input;
    const known = new Set(this.#open.values());
    const added: Record<string, unknown> = {};
    for (const [theirs, request] of Object.entries(input.requests)) {
      if (known.has(theirs)) continue;
      this.#count += 1;
      const name = `input-${this.#count}`;
      this.#open.set(name, theirs);
      added[name] = request;
    }
    this.#expiry ??= this.#expire();
    if (Object.keys(added).length > 0) {
      this.#parts.ask(added).catch((error: Error) => input.end(error.message));
    }
  }

  /** The client has responded. */
  respond(name: string, response: unknown): void {
    const theirs = this.#open.get(name);
    if (theirs === undefined) return;
    this.#open.delete(name);
    clearTimeout(this.#expiry);
    this.#expiry = this.#open.size > 0 ? this.#expire() : undefined;
    const { message } = this.#parts;
    const params = { ...message.params, inputResponses: { [theirs]: response } };
    this.#input?.respond({ ...message, params });
  }

  #expire(): NodeJS.Timeout {
    const { inputWait } = this.#parts;
    return setTimeout(() => {
      this.#input?.end(`the client did not respond within ${inputWait} ms (--input-wait)`);
    }, inputWait).unref();
  }
}
