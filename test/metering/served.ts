import { checked, createExchange, createHost, openStore, prefixedLines } from '../../host/index.ts';
import type { LoadedComponent } from '../../src/component/component.ts';
import type { FromWorker } from '../../src/engine/protocol/messages.ts';
import { GuestDeadline } from '../../src/engine/worker/guest-deadline.ts';
import { RequestBody } from '../../src/engine/worker/request-body.ts';
import { PostedResponse } from '../../src/engine/worker/response-sink.ts';
import { toFields } from '../../src/http/fields.ts';
import { type Counts, type Manner, meteredInstance } from './metered.ts';

export interface GuestRequest {
  readonly method?: string;
  readonly path: string;
  /** Flat: name, value, name, value, … */
  readonly headers?: readonly string[];
  readonly body?: string;
}

export interface GuestAnswer extends Counts {
  /** Status, headers, body and what failed, as one text. */
  readonly text: string;
  readonly headers: readonly string[];
  readonly body: string;
}

/** Runs requests one after another in this thread, each in a new instance, with a store in memory. */
export async function serveInThread(
  component: LoadedComponent,
  manner: Manner,
): Promise<(request: GuestRequest) => Promise<GuestAnswer>> {
  const store = checked(await openStore('memory:'));
  const lines = prefixedLines('', () => {});
  const host = createHost({ store, env: { NAME: 'value' } });
  const handler = component.exports.find((name) => name.startsWith('wasi:http/incoming-handler@'))!;

  return async ({ method = 'GET', path, headers = [], body: content }) => {
    const io = { stdout: lines, stderr: lines };
    const { guest, exports, counts } = meteredInstance(component, host, io, manner);
    const parts: Uint8Array[] = [];
    let status = 0;
    let fields: readonly string[] = [];
    let trailers: readonly string[] = [];
    const post = (message: FromWorker): void => {
      if (message.type === 'head') [status, fields] = [message.status, message.headers];
      else if (message.type === 'end') trailers = message.trailers;
      else if (message.type === 'chunk') {
        parts.push(message.bytes);
        setImmediate(() => response.credit(message.bytes.length));
      }
    };
    const response = new PostedResponse(1, post, new GuestDeadline({ timeout: 30_000, streamIdle: 30_000 }));
    const body = new RequestBody(() => {});
    if (content !== undefined) body.push(Buffer.from(content));
    body.end([]);
    guest.begin();
    const head = {
      method,
      scheme: 'http' as const,
      authority: 'lab',
      pathWithQuery: path,
      headers: toFields([...headers]),
    };
    const exchange = createExchange(guest, head, body, response);
    let failure = '';
    try {
      await exports[handler]!.handle!(exchange.request, exchange.responseOut);
      failure = JSON.stringify(exchange.outcome());
    } catch (error) {
      failure = String(error).split('\n', 1)[0]!;
    }
    guest.end('the request is over');
    guest.release();
    const received = Buffer.concat(parts).toString('latin1');
    const text = JSON.stringify([status, fields, received, trailers, failure]);
    return { text, headers: fields, body: received, ...counts() };
  };
}
