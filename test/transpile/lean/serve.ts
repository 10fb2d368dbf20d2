import {
  bytesSource,
  checked,
  createExchange,
  createHost,
  type FieldList,
  Guest,
  type GuestIo,
  type Implementation,
  type ResponseSink,
  Signal,
  type Store,
} from '../../../host/index.ts';
import type { LoadedComponent } from '../../../src/component/component.ts';
import { type GlueImports, runGlue } from '../../../src/component/glue.ts';
import { bindImports } from '../../../src/component/link-check.ts';
import { createInstances } from '../../../src/engine/worker/instances.ts';
import { guestThread } from '../../support/guest-thread.ts';
import type { Loaded } from './component.ts';

export interface TestRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Changes host functions before a guest gets them. */
export type Wrap = (imports: GlueImports) => GlueImports;

/** Sends one request and answers with all that a client could see. */
export type Send = (request: TestRequest) => Promise<string>;

/** An instance for one request. */
interface Served {
  readonly guest: Guest;
  handle(request: unknown, responseOut: unknown): unknown;
  done(poisoned: boolean): void;
}

const settings = { env: { WASMCP_SESSION_ENABLED: 'true', NAME: 'value' } };

/** Serves with a fresh instance for each request. */
export function createTestServer(loaded: Loaded, store: Store, wrap: Wrap = (imports) => imports): Send {
  const host = createHost({ store: checked(store), ...settings });
  const handler = handlerOf(loaded.exports);
  return sendBy((io) => {
    const guest = new Guest();
    const bind = host.bind(guest, io);
    const instance = loaded.instantiate(wrap(bindImports(loaded, bind)));
    return { guest, handle: instance[handler]!.handle!, done() {} };
  });
}

/** Serves with instances that are restored after each request, and compared with their first state, byte for byte. */
export function createRestoringServer(component: LoadedComponent, store: Store, wrap: Wrap): Send {
  const host = createHost({ store: checked(store), ...settings });
  const pool = createInstances({
    ...guestThread(),
    component,
    glue: runGlue(component.glue),
    host: {
      bind(guest, io) {
        const bind = host.bind(guest, io);
        return (name, shape) => {
          const implementation = bind(name, shape);
          return implementation && (wrap({ [name]: implementation })[name] as Implementation);
        };
      },
    },
    isolation: 'request',
    idleLimit: 1,
    verify: true,
    degraded(reason) {
      throw new Error(`instances are not restored: ${reason}`);
    },
  });
  return sendBy((io) => {
    const instance = pool.take();
    instance.guest.begin();
    instance.connect(io);
    return {
      guest: instance.guest,
      handle: instance.handle,
      done: (poisoned) => pool.give(instance, { poisoned }),
    };
  });
}

function handlerOf(exports: readonly string[]): string {
  return exports.find((name) => name.startsWith('wasi:http/incoming-handler@'))!;
}

function sendBy(open: (io: GuestIo) => Served): Send {
  return async ({ method = 'GET', path, headers = {}, body = '' }) => {
    const { sink, seen } = createRecorder();
    const output = createRecorder();
    let failed = true;
    let served: Served | undefined;
    try {
      served = open({ stdout: output.sink, stderr: output.sink });
      const exchange = createExchange(
        served.guest,
        {
          method,
          scheme: 'http',
          authority: 'localhost',
          pathWithQuery: path,
          headers: Object.entries({ host: 'localhost', ...headers }).map(
            ([name, value]) => [name, Buffer.from(value)] as const,
          ),
        },
        bytesSource(new Uint8Array(Buffer.from(body))),
        sink,
      );
      try {
        await served.handle(exchange.request, exchange.responseOut);
        failed = exchange.outcome().kind !== 'answered';
      } catch {
        seen.push('trap');
      }
      seen.push(`outcome ${JSON.stringify(exchange.outcome())}`, `output ${output.seen.join('')}`);
    } finally {
      const ended = served?.guest.ended !== undefined;
      served?.guest.end('the request is over');
      served?.guest.release();
      served?.done(failed || ended);
    }
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
