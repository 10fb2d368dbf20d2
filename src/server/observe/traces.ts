import type { Attributes, Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import { cutText, type Operation } from '../../../host/index.ts';
import type { RequestObserver, RequestObservers } from '../../http/request-observers.ts';
import type { GuestRun, RequestRecord } from '../../http/request-record.ts';
import { version } from '../../version.ts';

/** OpenTelemetry's API, an optional peer: users who trace have it. Its types alone cost nothing. */
type Api = typeof import('@opentelemetry/api');

/** What the API keeps for all its copies in a process; an SDK registers itself there. */
const GLOBAL = Symbol.for('opentelemetry.js.api.1');

/** Characters of a text that a client chose. */
const LONGEST = 200;

/**
 * Traces the MCP messages of a server, if a tracer was registered with OpenTelemetry's API before; otherwise does nothing, and
 * does not load it.
 */
export function traceRequests(ensure: () => RequestObservers): Promise<void> | undefined {
  const registered = (globalThis as { [GLOBAL]?: { readonly trace?: unknown } })[GLOBAL];
  if (registered?.trace === undefined) return undefined;
  const observers = ensure();
  return import('@opentelemetry/api').then(
    (api) => {
      if (makesSpans(api)) observers.add(tracing(api));
    },
    // Another copy of the API was used, which this process cannot load from here.
    () => {},
  );
}

/** A tracer that does nothing makes spans without an id, and is not worth the work of following requests. */
function makesSpans(api: Api): boolean {
  const span = api.trace.getTracer('wasmcp-node', version).startSpan('probe', { root: true });
  return api.isSpanContextValid(span.spanContext());
}

/** A request that is traced. */
interface Traced {
  /** What the HTTP request was sent in. */
  readonly http: Context;
  span: Span | undefined;
}

function tracing(api: Api): RequestObserver {
  const tracer = api.trace.getTracer('wasmcp-node', version);
  const traced = new WeakMap<RequestRecord, Traced>();
  return {
    began(record) {
      // Of the span that an instrumentation of HTTP has begun, if there is one.
      const active = api.context.active();
      const isActive = api.trace.getSpanContext(active) !== undefined;
      const http = isActive ? active : extracted(api, headersOf(record));
      traced.set(record, { http, span: undefined });
    },
    message(record) {
      const state = traced.get(record);
      if (state === undefined || state.span !== undefined) return;
      state.span = begin(api, tracer, record, state.http);
      record.trace = traceHeaders(state.span.spanContext());
    },
    ended(record) {
      const span = traced.get(record)?.span;
      if (span !== undefined) end(api, tracer, record, span);
    },
  };
}

/** The parent is what the message names; what the HTTP request names is linked then, and the parent otherwise. */
function begin(api: Api, tracer: Tracer, record: RequestRecord, http: Context): Span {
  const { method = '', target, traceparent, tracestate } = record.mcp!;
  const sent =
    traceparent === undefined
      ? undefined
      : extracted(api, { traceparent, ...(tracestate && { tracestate }) });
  const parent = sent && api.trace.getSpanContext(sent) ? sent : http;
  const httpSpan = api.trace.getSpanContext(http);
  const links: Link[] = parent !== http && httpSpan !== undefined ? [{ context: httpSpan }] : [];
  return tracer.startSpan(
    cutText(target === undefined ? method : `${method} ${target}`, LONGEST),
    { kind: api.SpanKind.SERVER, startTime: wall(record.start), attributes: attributesOf(record), links },
    parent,
  );
}

/** OpenTelemetry's conventions for MCP. Of the session only the beginning of its id: who knows the whole may use it. */
function attributesOf({ mcp, session }: RequestRecord): Attributes {
  const { method = '', target, protocolVersion, requestId } = mcp!;
  const name = target === undefined ? undefined : cutText(target, LONGEST);
  return {
    'mcp.method.name': cutText(method, LONGEST),
    'network.transport': 'tcp',
    'network.protocol.name': 'http',
    ...(requestId !== undefined && { 'jsonrpc.request.id': cutText(requestId, LONGEST) }),
    ...(protocolVersion !== undefined && { 'mcp.protocol.version': cutText(protocolVersion, LONGEST) }),
    ...(session !== undefined && { 'mcp.session.id': session }),
    ...(method === 'tools/call' && { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name }),
    ...(method === 'prompts/get' && { 'gen_ai.prompt.name': name }),
  };
}

function end(api: Api, tracer: Tracer, record: RequestRecord, span: Span): void {
  const over = wall(record.start + record.total);
  if (span.isRecording()) {
    const { error, status, session } = record;
    const reason = error ?? (status >= 400 ? String(status) : undefined);
    if (session !== undefined) span.setAttribute('mcp.session.id', session);
    if (reason !== undefined) {
      span.setAttribute('error.type', reason);
      if (/^-?\d+$/.test(error ?? '')) span.setAttribute('rpc.response.status_code', reason);
      span.setStatus({ code: api.SpanStatusCode.ERROR });
    }
    span.setAttribute('wasmcp_node.queue.duration', record.queue / 1000);
    span.setAttribute('wasmcp_node.gate.duration', record.gate / 1000);
    addChildren(api, tracer, record, span);
  }
  span.end(over);
}

function addChildren(api: Api, tracer: Tracer, record: RequestRecord, span: Span): void {
  const parent = api.trace.setSpan(api.ROOT_CONTEXT, span);
  const runs = record.runs.map((run) => {
    const child = tracer.startSpan('guest', { startTime: wall(run.start) }, parent);
    return { run, child, context: api.trace.setSpan(parent, child) };
  });
  for (const operation of record.operations) {
    const within = runs.findLast(({ run }) => wall(run.start) <= operation.start) ?? runs[0];
    addOperation(api, tracer, operation, within?.context ?? parent);
  }
  for (const { run, child } of runs) child.end(endOf(run, record));
}

/** A guest may continue after the response, but a span that ends after its parent confuses readers. */
function endOf({ start, duration }: GuestRun, record: RequestRecord): number {
  return wall(Math.min(start + duration, Math.max(start, record.start + record.total)));
}

function addOperation(api: Api, tracer: Tracer, operation: Operation, parent: Context): void {
  const { kind, name, outcome, start, duration, origin, status } = operation;
  const failed = outcome !== 'ok' && outcome !== 'changed';
  const reason = failed ? outcome : status !== undefined && status >= 400 ? String(status) : undefined;
  const url = origin === undefined ? undefined : new URL(origin);
  const child = tracer.startSpan(
    kind === 'store' ? `kv ${name}` : name,
    {
      kind: api.SpanKind.CLIENT,
      startTime: start,
      attributes: {
        ...(kind === 'store' && { 'db.system.name': 'wasi_keyvalue', 'db.operation.name': name }),
        ...(kind === 'http' && { 'http.request.method': name }),
        ...(url && { 'server.address': url.hostname, 'server.port': portOf(url) }),
        ...(status !== undefined && { 'http.response.status_code': status }),
        ...(reason !== undefined && { 'error.type': reason }),
      },
    },
    parent,
  );
  if (reason !== undefined) child.setStatus({ code: api.SpanStatusCode.ERROR });
  child.end(start + duration);
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** What a carrier continues, by the propagator that was registered; W3C Trace Context if there is none. */
function extracted(api: Api, carrier: Readonly<Record<string, string>>): Context {
  const found = api.propagation.extract(api.ROOT_CONTEXT, carrier);
  if (api.trace.getSpanContext(found) !== undefined) return found;
  const [, traceId, spanId, flags] = TRACEPARENT.exec(carrier.traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return found;
  const span = { traceId, spanId, traceFlags: Number.parseInt(flags!, 16), isRemote: true };
  return api.isSpanContextValid(span) ? api.trace.setSpanContext(found, span) : found;
}

const TRACEPARENT = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

function traceHeaders({ traceId, spanId, traceFlags, traceState }: SpanContext): RequestRecord['trace'] {
  if (/^0*$/.test(traceId)) return undefined;
  const flags = traceFlags.toString(16).padStart(2, '0');
  const state = traceState?.serialize();
  return { traceparent: `00-${traceId}-${spanId}-${flags}`, ...(state && { tracestate: state }) };
}

function headersOf({ headers }: RequestRecord): Record<string, string> {
  const carrier: Record<string, string> = {};
  for (let at = 0; at < headers.length; at += 2) carrier[headers[at]!.toLowerCase()] = headers[at + 1]!;
  return carrier;
}

/** Milliseconds since 1970. */
function wall(local: number): number {
  return performance.timeOrigin + local;
}
