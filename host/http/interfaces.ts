import type { Guest } from '../guest.ts';
import type { Interfaces } from '../interfaces.ts';
import { type HttpErrorCode, IoError } from '../io/error.ts';
import type { FieldList } from '../io/source.ts';
import type { HostOptions, Implementation } from '../options.ts';
import { Fields } from './fields.ts';
import { FutureTrailers, IncomingBody } from './incoming-body.ts';
import { IncomingRequest } from './incoming-request.ts';
import { FutureIncomingResponse, IncomingResponse } from './incoming-response.ts';
import { outgoingHandler } from './outgoing/handler.ts';
import { observedOutgoing } from './outgoing/observed.ts';
import { OutgoingBody } from './outgoing-body.ts';
import { OutgoingRequest } from './outgoing-request.ts';
import { OutgoingResponse } from './outgoing-response.ts';
import { RequestOptions } from './request-options.ts';
import { ResponseOutparam } from './response-outparam.ts';

/** The interfaces of `wasi:http` that a guest may import. */
export function httpInterfaces(options: HostOptions): Interfaces {
  return {
    'wasi:http/types@0.2': (guest) => ({ ...TYPES, Fields: fieldsOf(guest) }),
    'wasi:http/outgoing-handler@0.2': (guest) => outgoingHandler(guest, observed(options, guest)),
  };
}

function observed(options: HostOptions, guest: Guest): HostOptions {
  const { outgoing } = options;
  const { operations } = guest;
  if (outgoing === undefined || operations === undefined) return options;
  return { ...options, outgoing: observedOutgoing(outgoing, guest, operations) };
}

/** The class `Fields` with a constructor that charges this guest. Its instances are ordinary `Fields`. */
function fieldsOf(guest: Guest): unknown {
  function Constructor(): Fields {
    return new Fields(guest);
  }
  Constructor.prototype = Fields.prototype;
  return Object.assign(Constructor, {
    fromList: (entries: FieldList): Fields => Fields.fromList(entries, guest),
  });
}

const TYPES: Implementation = {
  FutureIncomingResponse,
  FutureTrailers,
  IncomingBody,
  IncomingRequest,
  IncomingResponse,
  OutgoingBody,
  OutgoingRequest,
  OutgoingResponse,
  RequestOptions,
  ResponseOutparam,
  httpErrorCode: (error: IoError): HttpErrorCode | undefined => IoError.failure(error).http,
};
