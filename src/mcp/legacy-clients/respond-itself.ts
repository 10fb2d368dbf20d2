import {
  INVALID_REQUEST,
  METHOD_NOT_FOUND,
  sendEmptyResult,
  sendError,
  sendResult,
} from '../edge/messages.ts';
import { withSessionHeader } from '../edge/session.ts';
import { isObject, jsonText } from '../modern/client-message.ts';
import { INVALID_PARAMS } from '../modern/codes.ts';
import { isLogLevel } from '../modern/log-level.ts';
import { agreedVersion, initializeResult } from './negotiate.ts';
import type { Parts, Step } from './parts.ts';
import type { LegacyRequest } from './read-legacy.ts';
import { createSessionId } from './session-id.ts';
import { MAX_SUBSCRIPTIONS, type Settings } from './settings.ts';

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

function setLevel({ descriptions, memory }: Parts, step: Step, { id, params }: LegacyRequest): void {
  const { target } = step.sequence;
  if (descriptions.capabilities.logging === undefined) {
    refuseMethod(step, id, 'logging/setLevel');
    return;
  }
  if (!isLogLevel(params.level)) {
    sendError(target, jsonText(id), { status: 200, code: INVALID_PARAMS, text: 'no such level' });
    return;
  }
  if (step.session.id !== '') memory.of(step.session.id).level = params.level as string;
  sendEmptyResult(target, jsonText(id));
}

function subscribe(parts: Parts, step: Step, { id, method, params }: LegacyRequest): void {
  const { target } = step.sequence;
  const { resources } = parts.descriptions.capabilities;
  const { uri } = params;
  const refusal = (code: number, text: string): void =>
    sendError(target, jsonText(id), { status: 200, code, text });
  if (!isObject(resources) || resources.subscribe !== true) {
    refuseMethod(step, id, method);
    return;
  }
  if (typeof uri !== 'string') {
    refusal(INVALID_PARAMS, 'uri is required');
    return;
  }
  const settings = parts.memory.of(step.session.id);
  const adds = method === 'resources/subscribe';
  const isChanged = adds !== settings.uris.has(uri);
  if (adds && isChanged && settings.uris.size >= MAX_SUBSCRIPTIONS) {
    refusal(INVALID_REQUEST, `a session has at most ${MAX_SUBSCRIPTIONS} subscriptions`);
    return;
  }
  if (adds) settings.uris.add(uri);
  else settings.uris.delete(uri);
  const noticed = (): void => sendEmptyResult(target, jsonText(id));
  if (isChanged) renewAll(settings, noticed);
  else noticed();
}

/** `noticed` is called when every stream of the session has what changed. */
function renewAll({ listeners }: Settings, noticed: () => void): void {
  let waiting = listeners.size;
  if (waiting === 0) {
    noticed();
    return;
  }
  for (const renew of [...listeners]) {
    renew(() => {
      waiting -= 1;
      if (waiting === 0) noticed();
    });
  }
}

function refuseMethod({ sequence }: Step, id: string | number, method: string): void {
  const text = `the server does not offer ${method}`;
  sendError(sequence.target, jsonText(id), { status: 200, code: METHOD_NOT_FOUND, text });
}
