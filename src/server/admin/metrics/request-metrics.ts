import { type OperationReader, readOperations, type SentOperations } from '../../../../host/index.ts';
import type { RequestObserver } from '../../../http/request-observers.ts';
import type { RequestRecord } from '../../../http/request-record.ts';
import { createToolNames, errorType, httpMethod, mcpMethod, protocolVersion, statusCode } from './labels.ts';
import type { Metrics } from './registry.ts';

/** Upper bounds in seconds: those of OpenTelemetry's conventions, and some below. */
const DURATIONS: readonly number[] = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300],
];

/** For what takes less than a request. */
const SHORT: readonly number[] = [
  ...[0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1],
  ...[0.25, 0.5, 1, 2.5, 5, 10],
];

/** Names of tools that get time series of their own. */
const MAX_TOOLS = 500;

/** Counts and measures requests as they end. */
export function requestMetrics(metrics: Metrics): RequestObserver {
  const requests = metrics.histogram(
    'http_server_request_duration_seconds',
    'Time from the head of a request to the end of its response, streams included.',
    DURATIONS,
    ['http_request_method', 'http_response_status_code'],
  );
  const operations = mcpOperations(metrics);
  const queue = metrics.histogram(
    'wasmcp_node_queue_wait_seconds',
    'Time for which requests waited for their session or a worker.',
    SHORT,
  );
  const gate = metrics.histogram(
    'wasmcp_node_gate_wait_seconds',
    "Time for which responses waited until the store's log was on disk; of those that waited.",
    SHORT,
  );
  const sessions = sessionCounters(metrics);
  return {
    answered(record) {
      requests.observe(record.total / 1000, [httpMethod(record.method), statusCode(record.status)]);
      if (record.mcp !== undefined) operations(record);
      sessions(record);
    },
    ended(record) {
      if (record.ran > 0) queue.observe(record.queue / 1000);
      if (record.gate > 0) gate.observe(record.gate / 1000);
    },
    operations: operationMetrics(metrics),
  };
}

function mcpOperations(metrics: Metrics): (record: RequestRecord) => void {
  const operations = metrics.histogram(
    'mcp_server_operation_duration_seconds',
    'Duration of MCP requests and notifications, from their head to the end of the response.',
    DURATIONS,
    ['mcp_method_name', 'gen_ai_tool_name', 'error_type', 'mcp_protocol_version'],
  );
  const tools = createToolNames(MAX_TOOLS);
  return ({ mcp, tools: listed, error, status, total }) => {
    if (listed !== undefined) tools.learn(listed);
    const { method, target, protocolVersion: version } = mcp!;
    const isCall = method === 'tools/call' && target !== undefined;
    operations.observe(total / 1000, [
      mcpMethod(method ?? ''),
      isCall ? tools.labelOf(target) : '',
      errorType(error, status),
      protocolVersion(version),
    ]);
  };
}

function sessionCounters(metrics: Metrics): (record: RequestRecord) => void {
  const opened = metrics.counter(
    'wasmcp_node_sessions_opened_total',
    'MCP sessions opened through this process.',
  );
  const ended = metrics.counter(
    'wasmcp_node_sessions_ended_total',
    'MCP sessions that clients have ended through this process.',
  );
  return ({ method, mcp, status, isNewSession }) => {
    const isSuccess = status >= 200 && status < 300;
    if (isSuccess && isNewSession) opened.inc();
    if (isSuccess && (method === 'DELETE' || mcp?.method === 'session/terminate')) ended.inc();
  };
}

function operationMetrics(metrics: Metrics): (sent: SentOperations, from: number) => void {
  const store = metrics.histogram(
    'wasmcp_node_store_operation_duration_seconds',
    'Duration of what guests ask of their store.',
    SHORT,
    ['operation', 'outcome'],
  );
  const outgoing = metrics.histogram(
    'wasmcp_node_outgoing_request_duration_seconds',
    'Time from the start of a request that a guest sends to the head of its response.',
    DURATIONS,
    ['http_request_method', 'outcome'],
  );
  const read: OperationReader = (kind, name, outcome, duration, status = 0) => {
    const seconds = duration / 1000;
    if (kind === 'store') store.observe(seconds, [name, outcome]);
    else outgoing.observe(seconds, [name, outcome === 'ok' ? statusCode(status) : outcome]);
  };
  return (sent, from) => readOperations(sent, read, from);
}
