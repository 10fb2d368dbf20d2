import { type HttpErrorCode, IoError } from '../io/error.ts';
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
export const httpTypes: Implementation = {
  Fields,
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
