import {
  bytesSource,
  checked,
  createExchange,
  createHost,
  type FieldList,
  Guest,
  type ResponseSink,
  Signal,
  type Store,
} from '../../../host/index.ts';
import type { GlueImports } from '../../../src/component/glue.ts';
import { bindImports } from '../../../src/component/link.ts';
import type { Loaded } from './component.ts';

export interface TestRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Changes host functions before a guest gets them. */
export type Wrap = (imports: GlueImports) => GlueImports;

/** Sends requests to a component, a fresh instance each, and answers with all that a client could see. */
export function createTestServer(
  loaded: Loaded,
  store: Store,
  wrap: Wrap = (imports) => imports,
): (request: TestRequest) => Promise<string> {
  const host = createHost({ store: checked(store), env: { WASMCP_SESSION_ENABLED: 'true', NAME: 'value' } });
  const handler = loaded.exports.find((name) => name.startsWith('wasi:http/incoming-handler@'))!;
  return async ({ method = 'GET', path, headers = {}, body = '' }) => {
    const guest = new Guest();
    const { sink, seen } = createRecorder();
    const fields = Object.entries({ host: 'localhost', ...headers });
    const exchange = createExchange(
      guest,
      {
        method,
        scheme: 'http',
        authority: 'localhost',
        pathWithQuery: path,
        headers: fields.map(([name, value]) => [name, Buffer.from(value)] as const),
      },
      bytesSource(new Uint8Array(Buffer.from(body))),
      sink,
    );
    const output = createRecorder();
    try {
      const bind = host.bind(guest, { stdout: output.sink, stderr: output.sink });
      const instance = loaded.instantiate(wrap(bindImports(loaded, bind)));
      await instance[handler]!.handle!(exchange.request, exchange.responseOut);
    } catch {
      seen.push('trap');
    }
    seen.push(`outcome ${JSON.stringify(exchange.outcome())}`, `output ${output.seen.join('')}`);
    guest.end('the request is over');
    guest.release();
    return seen.join('\n');
  };
}

/** A sink that writes down what it gets. */
function createRecorder(): { sink: ResponseSink; seen: string[] } {
  const seen: string[] = [];
  const fields = (list: FieldList): string =>
    list.map(([name, value]) => `${name}: ${Buffer.from(value).toString('latin1')}`).join('; ');
  const sink: ResponseSink = {
    capacity: 1_000_000,
    closed: false,
    changed: new Signal(),
    head: (status, headers) => void seen.push(`head ${status} ${fields(headers)}`),
    write: (chunk) => void seen.push(Buffer.from(chunk).toString('latin1')),
    end: (trailers) => void seen.push(`end ${fields(trailers ?? [])}`),
    abort: () => void seen.push('abort'),
    error: (code) => void seen.push(`error ${code.tag}`),
  };
  return { sink, seen };
}
