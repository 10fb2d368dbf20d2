import type { Handler } from '../../../../src/http/handler.ts';
import { openStore } from '../../../../src/index.ts';
import { withBothEras } from '../../../../src/mcp/both-eras.ts';
import type { JsonObject } from '../../../../src/mcp/modern/client-message.ts';
import { type ModernRequest, PROGRESS_TOKEN } from '../../../support/modern.ts';
import { type Answered, type Json, type PlayedGuest, reply, type Seen } from '../../edge/guest.ts';
import { oldGuest, send } from '../edge-of.ts';
import { ABLE } from './asking.ts';

/** A guest that responds to a call with a stream, which the test writes, and takes the responses of its client. */
export interface Asked {
  readonly guest: PlayedGuest;
  readonly edge: Handler;
  /** Calls a tool. `more` are members of `params`. */
  call(more?: object, request?: Partial<ModernRequest>): Promise<Answered>;
  /** The guest has the call. */
  readonly stream: Promise<Stream>;
  /** The responses that the guest got. */
  responses(): Json[];
}

export interface Stream {
  say(...messages: object[]): void;
  end(): void;
  readonly seen: Seen;
}

export const ELICIT: JsonObject = {
  method: 'elicitation/create',
  params: { message: 'Who?', requestedSchema: {} },
};

/** A request of the guest. */
export function question(id: unknown, request: object = ELICIT): object {
  return { jsonrpc: '2.0', id, ...request };
}

export const DONE: JsonObject = { content: [{ type: 'text', text: 'done' }] };

export async function asked(inputWait = 60_000, status = 202): Promise<Asked> {
  const { promise, resolve } = Promise.withResolvers<Stream>();
  const guest = oldGuest((seen) => {
    if (seen.message.method === undefined) return reply(seen, status, '', []);
    seen.target.head(200, ['content-type', 'text/event-stream']);
    resolve(streamOf(seen));
  });
  const store = await openStore('memory:');
  const edge = withBothEras({ authorizes: false, store, inputWait }, (next) => next)(guest.handle);
  let id = 0;
  return {
    guest,
    edge,
    stream: promise,
    call(more = {}, request = {}) {
      id += 1;
      const params = { name: 'ask', arguments: { a: 1 }, ...more };
      return send(edge, {
        method: 'tools/call',
        id,
        meta: { ...ABLE, [PROGRESS_TOKEN]: id },
        ...request,
        params,
      }).answer;
    },
    responses: () => guest.seen.map(({ message }) => message).filter(({ method }) => method === undefined),
  };
}

function streamOf(seen: Seen): Stream {
  const { target } = seen;
  return {
    seen,
    say(...messages) {
      const text = messages.map((message) => `data: ${JSON.stringify(message)}\n\n`).join('');
      target.chunk(Buffer.from(text), () => {});
    },
    end() {
      target.end([]);
      target.finished();
    },
  };
}
