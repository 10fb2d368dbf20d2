import type { Guest } from '../guest.ts';
import { type HttpErrorCode, IoError } from '../io/error.ts';
import type { FieldList } from '../io/source.ts';
import type { Implementation } from '../options.ts';
import { Fields } from './fields.ts';
import { FutureTrailers, IncomingBody } from './incoming-body.ts';
import { IncomingRequest } from './incoming-request.ts';
import { FutureIncomingResponse, IncomingResponse } from './incoming-response.ts';
import { OutgoingBody } from './outgoing-body.ts';
import { OutgoingRequest } from './outgoing-request.ts';
import { OutgoingResponse } from './outgoing-response.ts';
import { RequestOptions } from './request-options.ts';
import { ResponseOutparam } from './response-outparam.ts';

/** `wasi:http/types`. */
export function httpTypes(guest: Guest): Implementation {
  return { ...TYPES, Fields: fieldsOf(guest) };
}

/** The class with a constructor whose fields this guest pays for. What it makes are `Fields` like all others. */
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
