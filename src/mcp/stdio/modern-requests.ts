import { META } from '../modern/revision.ts';
import { errorLine, type Id, INTERNAL_ERROR, INVALID_REQUEST, isRequest, type Message } from './json-rpc.ts';
import type { ModernClient, ModernMessage } from './modern-client.ts';
import type { LineOutput } from './output.ts';

/** The requests of a client of 2026-07-28 over stdio, all in parallel. */
export interface ModernRequests {
  /** Whether a message is one of that revision: each says so itself. */
  includes(messages: readonly Message[]): boolean;
  /** Settles when the client has the response to all of them. */
  deliver(text: string, messages: readonly Message[]): Promise<void>;
  /** Returns whether the message cancels one of these requests: nothing more is sent for it ("stdio", section "Cancellation"). */
  cancels(messages: readonly Message[]): boolean;
  /** The client has gone: nobody waits for notifications any more. */
  endSubscriptions(): void;
}

export function createModernRequests(
  fetch: (request: Request) => Promise<Response>,
  output: LineOutput,
): ModernRequests {
  const underWay = new Map<Id, { readonly method: string; readonly controller: AbortController }>();
  let client: ModernClient | undefined;

  async function fail(id: Id, code: number, reason: string): Promise<void> {
    await output.write(errorLine(id, code, reason));
  }

  async function send(text: string, message: ModernMessage): Promise<void> {
    const { id, method } = message;
    const controller = new AbortController();
    const { signal } = controller;
    const own = { method, controller };
    underWay.set(id, own);
    try {
      client ??= (await import('./modern-client.ts')).createModernClient(fetch);
      const lines = client.send(text, message, signal);
      let step = await lines.next();
      for (; !step.done; step = await lines.next()) {
        if (signal.aborted) return;
        await output.write(step.value);
      }
      if (!step.value.isAnswered && !signal.aborted) await fail(id, INTERNAL_ERROR, step.value.problem);
    } catch (error) {
      if (!signal.aborted) await fail(id, INTERNAL_ERROR, (error as Error).message);
    } finally {
      if (underWay.get(id) === own) underWay.delete(id);
    }
  }

  return {
    includes: (messages) => messages.some(isModern),
    async deliver(text, messages) {
      const [first] = messages;
      if (messages.length === 1) return send(text, first as ModernMessage);
      const text1 = 'Invalid request: this revision has no batches';
      for (const { id } of messages.filter(isRequest)) await fail(id, INVALID_REQUEST, text1);
    },
    cancels([first]) {
      if (first?.method !== 'notifications/cancelled') return false;
      const cancelled = underWay.get(first.params?.requestId as Id);
      cancelled?.controller.abort();
      return cancelled !== undefined;
    },
    endSubscriptions() {
      for (const { method, controller } of underWay.values()) {
        if (method === 'subscriptions/listen') controller.abort();
      }
    },
  };
}

function isModern(message: Message): boolean {
  return isRequest(message) && message.params?._meta?.[META.version] !== undefined;
}
