import { WasmcpError } from '../../../host/index.ts';
import {
  INVALID_REQUEST,
  METHOD_NOT_FOUND,
  sendEmptyResult,
  sendError,
  sendResult,
} from '../edge/messages.ts';
import { NO_GUEST } from '../edge/request-sequence.ts';
import { withSessionHeader } from '../edge/session.ts';
import { isObject, jsonText } from '../modern/client-message.ts';
import { INVALID_PARAMS } from '../modern/codes.ts';
import { isLogLevel } from '../modern/log-level.ts';
import { agreedVersion, initializeResult } from './negotiate.ts';
import type { Parts, Step } from './parts.ts';
import type { LegacyRequest } from './read-legacy.ts';
import { createSessionId } from './session-id.ts';
import { type Edit, subscribed, unsubscribed, withLevel } from './settings.ts';

/** Responds to what guests of 2026-07-28 do not know any more. Returns false for everything else. */
export function respondItself(parts: Parts, step: Step, request: LegacyRequest): boolean {
  const { target } = step.sequence;
  switch (request.method) {
    case 'initialize':
      initialize(parts, step, request);
      return true;
    case 'ping':
      sendEmptyResult(target, jsonText(request.id));
      return true;
    case 'logging/setLevel':
      setLevel(parts, step, request);
      return true;
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      subscribe(parts, step, request);
      return true;
    default:
      return false;
  }
}

function initialize({ descriptions }: Parts, step: Step, { id, params }: LegacyRequest): void {
  const { sequence, request } = step;
  const version = agreedVersion(params.protocolVersion);
  const { capabilities = {}, clientInfo } = params;
  const info = isObject(clientInfo) ? clientInfo : undefined;
  const session = isObject(capabilities) ? createSessionId(version, capabilities, info) : undefined;
  if (session === undefined) {
    const text = 'the capabilities and the name of the client are malformed or too long';
    sendError(sequence.target, jsonText(id), { status: 200, code: INVALID_PARAMS, text });
    return;
  }
  descriptions.describe(request, id, sequence, (discovered) => {
    const target = withSessionHeader(sequence.target, session);
    sendResult(target, jsonText(id), initializeResult(discovered, version));
  });
}

function setLevel(parts: Parts, step: Step, { id, params }: LegacyRequest): void {
  if (parts.descriptions.capabilities.logging === undefined) {
    refuseMethod(step, id, 'logging/setLevel');
    return;
  }
  if (!isLogLevel(params.level)) {
    sendError(step.sequence.target, jsonText(id), {
      status: 200,
      code: INVALID_PARAMS,
      text: 'no such level',
    });
    return;
  }
  change(parts, step, id, withLevel(params.level as string));
}

function subscribe(parts: Parts, step: Step, { id, method, params }: LegacyRequest): void {
  const { resources } = parts.descriptions.capabilities;
  const { uri } = params;
  if (!isObject(resources) || resources.subscribe !== true) {
    refuseMethod(step, id, method);
    return;
  }
  if (typeof uri !== 'string') {
    const refusal = { status: 200, code: INVALID_PARAMS, text: 'uri is required' };
    sendError(step.sequence.target, jsonText(id), refusal);
    return;
  }
  change(parts, step, id, method === 'resources/subscribe' ? subscribed(uri) : unsubscribed(uri));
}

/** Changes the settings of the client's session. A client without one has none. */
function change({ settings }: Parts, { session, sequence }: Step, id: string | number, edit: Edit): void {
  const { target, next } = sequence;
  const changed = session.id === '' ? Promise.resolve(undefined) : settings.change(session.id, edit);
  const respond = (send: () => void): void =>
    next(() => {
      send();
      return NO_GUEST;
    });
  changed.then(
    (refused) =>
      respond(() => {
        if (refused === undefined) sendEmptyResult(target, jsonText(id));
        else sendError(target, jsonText(id), { status: 200, code: INVALID_REQUEST, text: refused });
      }),
    (error) => {
      if (!(error instanceof WasmcpError)) throw error;
      respond(() => target.fail(error));
    },
  );
}

function refuseMethod({ sequence }: Step, id: string | number, method: string): void {
  const text = `the server does not offer ${method}`;
  sendError(sequence.target, jsonText(id), { status: 200, code: METHOD_NOT_FOUND, text });
}
