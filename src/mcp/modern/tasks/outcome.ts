import type { WasmcpError } from '../../../../host/index.ts';
import { header } from '../../../http/headers.ts';
import type { ResponseWriter } from '../../../http/response.ts';
import { parseExactly } from '../../json.ts';
import { MessageBytes } from '../../long-values/outline.ts';
import { isObject } from '../client-message.ts';
import { failed, type Outcome } from './record.ts';

/** Where the response goes of a guest whose client has a task instead: `settled` gets what the task ends with. */
export function collectOutcome(settled: (outcome: Outcome) => void): ResponseWriter {
  const message = new MessageBytes('guest');
  let status = 0;
  let isMessage = false;
  return {
    head(received, headers) {
      status = received;
      isMessage = header(headers, 'content-type')?.startsWith('application/json') ?? false;
    },
    chunk(bytes, acknowledged) {
      if (isMessage) message.push(bytes);
      acknowledged(bytes.length);
    },
    end() {
      settled(isMessage ? outcomeOf(parse(message)) : failed(`the server responded with status ${status}`));
    },
    fail: (error: WasmcpError) => settled(failed(error.message)),
    finished() {},
  };
}

/** SEP-2663, "Task Execution Errors": a result completes the task, even one that reports an error of the tool. */
function outcomeOf(response: unknown): Outcome {
  if (isObject(response)) {
    if (isObject(response.result)) return { status: 'completed', result: response.result };
    if (isObject(response.error)) return { status: 'failed', error: response.error };
  }
  return failed('the response of the server is not one');
}

function parse(message: MessageBytes): unknown {
  try {
    const outline = message.outline();
    return outline.fill(parseExactly(outline.text.toString()));
  } catch {
    return undefined;
  }
}
