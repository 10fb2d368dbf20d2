import { cutText, GuestExit, type HttpErrorCode, type Outcome } from '../../../host/index.ts';
import type { GuestFailure } from '../protocol/messages.ts';
import type { PostedResponse } from './response-sink.ts';

/** What is wrong with a request whose guest threw this; undefined if nothing. */
export function failureOf(error: unknown, response?: PostedResponse): GuestFailure | undefined {
  if (error instanceof GuestExit) {
    if (response?.complete && error.ok) return undefined;
    return { code: 'guest-trapped', message: `${error.message} before its response was complete` };
  }
  // Trap messages of generated code can have many lines; the first one is enough.
  const [reason] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
  return { code: 'guest-trapped', message: `the guest trapped: ${cutText(reason!)}` };
}

/** What is wrong with a request whose guest returned; undefined if nothing. */
export function describeOutcome(outcome: Outcome, response: PostedResponse): GuestFailure | undefined {
  switch (outcome.kind) {
    case 'answered':
      return undefined;
    case 'refused':
      return {
        code: 'guest-error-response',
        message: `the guest responded with the error ${describeCode(outcome.code)}`,
      };
    case 'unanswered':
      return { code: 'guest-no-response', message: 'the guest returned without a response' };
    case 'unfinished':
      // Without a client there was no reason to finish it.
      if (response.abandoned) return undefined;
      return {
        code: 'guest-no-response',
        message: 'the guest returned without finishing the body of its response',
      };
  }
}

function describeCode({ tag, val }: HttpErrorCode): string {
  return typeof val === 'string' ? `${tag}: ${val}` : tag;
}

/** For a guest that was trapped because it had used all its fuel. */
export function outOfFuel(fuel: number): GuestFailure {
  return { code: 'guest-trapped', message: `the guest used up its fuel of ${fuel} units (--fuel)` };
}

/** For a guest that was trapped because it had used too much processor time. */
export function outOfCpu(milliseconds: number): GuestFailure {
  return {
    code: 'guest-timeout',
    message: `the guest used more than ${milliseconds} ms of processor time (--cpu-limit)`,
  };
}

/** Of a guest that was trapped because it had kept its thread from all others. */
export function heldTooLong(milliseconds: number): GuestFailure {
  return {
    code: 'guest-timeout',
    message: `the guest computed for more than ${Math.round(milliseconds)} ms where it cannot be suspended`,
  };
}
