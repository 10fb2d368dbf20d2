import type { Store, WasmcpError } from '../../../../host/index.ts';
import type { Refusal } from '../../edge/messages.ts';
import type { ClientMessage, JsonObject } from '../client-message.ts';
import { INVALID_PARAMS } from '../codes.ts';
import type { LegacyGuest } from '../guest.ts';
import type { Owners } from '../state/owner.ts';
import type { Step } from '../step.ts';
import { AskingCall } from './asking-call.ts';
import { requestDigest } from './digest.ts';
import { createKeptCalls } from './kept-calls.ts';
import { openState, type StateFacts } from './request-state.ts';
import { createStateKeys } from './state-keys.ts';
import type { AskedCall, Asking, KeptCall } from './types.ts';
import { createUsedStates } from './used-states.ts';

/** Calls that take several requests of the client, because the guest asks it something (MCP 2026-07-28, SEP-2322). */
export interface Inputs {
  /** The guest has asked its client this; more may follow. */
  begin(call: AskedCall, asked: readonly JsonObject[]): Asking;
  /** The client continues a call. */
  resume(step: Step, profile: LegacyGuest): Promise<void>;
}

export interface InputsParts {
  readonly store: Store;
  readonly owners: Owners;
  /** Milliseconds that a guest waits for its client, and that a `requestState` can be used. */
  readonly inputWait: number;
  /** What becomes of a request with which a client continues a call. */
  watch?(step: Step): Step;
  readonly now?: (() => number) | undefined;
}

/** Why a call cannot be continued: `data.reason` of the error, and its text. */
const REASONS = {
  invalid: 'requestState is not one of this server',
  expired: 'requestState has expired: make the call again',
  used: 'requestState was used before',
  'other-client': 'requestState belongs to another client',
  'other-request': 'requestState belongs to another request',
  gone: 'the server that waited for the input no longer does: make the call again',
} as const;

type Reason = keyof typeof REASONS;

export function createInputs({ store, owners, inputWait, watch, now = Date.now }: InputsParts): Inputs {
  const keys = createStateKeys(store, inputWait, now);
  const used = createUsedStates(store, now);
  const kept = createKeptCalls();

  /** What the state says, if the request may use it. */
  async function check({ params, request }: ClientMessage): Promise<StateFacts | Reason> {
    const { requestState } = params;
    const facts = typeof requestState === 'string' ? await openState(requestState, keys) : undefined;
    if (facts === undefined) return 'invalid';
    if (facts.expires <= now()) return 'expired';
    return facts.request.equals(requestDigest(request.body as Uint8Array)) ? facts : 'other-request';
  }

  /** Takes the call, so that no other request gets it. */
  async function take({ id, expires }: StateFacts): Promise<KeptCall | Reason> {
    const call = kept.get(id);
    if (call === undefined) return (await used.wasUsed(id, expires)) ? 'used' : 'gone';
    if (!(await used.use(id, expires))) return 'used';
    // It may have expired meanwhile.
    return kept.remove(id) && call.failure === undefined ? call : 'gone';
  }

  async function proceed(step: Step, facts: StateFacts): Promise<void> {
    const { exchange, message, sequence } = step;
    const call = await take(facts);
    if (typeof call === 'string') return refuse(step, call);
    const { target } = watch?.({ ...step, translated: call.response }).sequence ?? sequence;
    let isTaken = false;
    sequence.last(() => {
      isTaken = true;
      return call.resume({ exchange, message, target });
    });
    if (!isTaken) call.end('its client had disconnected');
  }

  return {
    begin(call, asked) {
      const asking = new AskingCall({ keys, kept, inputWait, now }, call);
      for (const request of asked) {
        const problem = asking.asked(request);
        if (problem !== undefined) asking.refuse(problem);
      }
      return asking;
    },
    async resume(step, profile) {
      const fail = (error: WasmcpError): void => step.sequence.target.fail(error);
      try {
        const facts = await check(step.message);
        if (typeof facts === 'string') return refuse(step, facts);
        owners.verify(step, profile, (owner) => {
          step.exchange.owner = owner;
          if (owner !== facts.owner) refuse(step, 'other-client');
          else proceed(step, facts).catch(fail);
        });
      } catch (error) {
        fail(error as WasmcpError);
      }
    },
  };
}

function refuse({ exchange, sequence }: Step, reason: Reason): void {
  exchange.refuse(sequence.target, refusal(reason));
}

function refusal(reason: Reason): Refusal {
  return { status: 400, code: INVALID_PARAMS, text: REASONS[reason], data: { reason } };
}
