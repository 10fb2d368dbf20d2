import type * as shimFiles from '@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types';
import type * as shimHttp from '@bytecodealliance/preview2-shim/interfaces/wasi-http-types';
import type * as shimError from '@bytecodealliance/preview2-shim/interfaces/wasi-io-error';
import type * as shimPoll from '@bytecodealliance/preview2-shim/interfaces/wasi-io-poll';
import type * as shimStreams from '@bytecodealliance/preview2-shim/interfaces/wasi-io-streams';
import { expectTypeOf, test } from 'vitest';
import type { Descriptor } from '../../host/filesystem/descriptor.ts';
import type { DirectoryEntryStream } from '../../host/filesystem/directory-entry-stream.ts';
import type { Fields } from '../../host/http/fields.ts';
import type { FutureTrailers, IncomingBody } from '../../host/http/incoming-body.ts';
import type { IncomingRequest } from '../../host/http/incoming-request.ts';
import type { FutureIncomingResponse, IncomingResponse } from '../../host/http/incoming-response.ts';
import type { OutgoingBody } from '../../host/http/outgoing-body.ts';
import type { OutgoingRequest } from '../../host/http/outgoing-request.ts';
import type { OutgoingResponse } from '../../host/http/outgoing-response.ts';
import type { RequestOptions } from '../../host/http/request-options.ts';
import type { IoError, StreamEnd } from '../../host/io/error.ts';
import type { InputStream } from '../../host/io/input-stream.ts';
import type { OutputStream } from '../../host/io/output-stream.ts';
import type { Pollable } from '../../host/io/poll.ts';

/** Classes of one implementation each: what matters is that a resource stands where WIT has one. */
type Resource =
  | Ours[keyof Ours]
  | Theirs[keyof Theirs]
  | FutureTrailers
  | shimHttp.FutureTrailers
  | FutureIncomingResponse
  | shimHttp.FutureIncomingResponse;

interface Ours {
  InputStream: InputStream;
  OutputStream: OutputStream;
  Pollable: Pollable;
  Error: IoError;
  Descriptor: Descriptor;
  DirectoryEntryStream: DirectoryEntryStream;
  Fields: Fields;
  IncomingRequest: IncomingRequest;
  IncomingResponse: IncomingResponse;
  IncomingBody: IncomingBody;
  OutgoingRequest: OutgoingRequest;
  OutgoingResponse: OutgoingResponse;
  OutgoingBody: OutgoingBody;
  RequestOptions: RequestOptions;
}

interface Theirs {
  InputStream: shimStreams.InputStream;
  OutputStream: shimStreams.OutputStream;
  Pollable: shimPoll.Pollable;
  Error: shimError.Error;
  Descriptor: shimFiles.Descriptor;
  DirectoryEntryStream: shimFiles.DirectoryEntryStream;
  Fields: shimHttp.Fields;
  IncomingRequest: shimHttp.IncomingRequest;
  IncomingResponse: shimHttp.IncomingResponse;
  IncomingBody: shimHttp.IncomingBody;
  OutgoingRequest: shimHttp.OutgoingRequest;
  OutgoingResponse: shimHttp.OutgoingResponse;
  OutgoingBody: shimHttp.OutgoingBody;
  RequestOptions: shimHttp.RequestOptions;
}

/** As WIT has it: promises are a way to wait, errors may be returned, resources are handles, and lists may be read-only. */
type Wit<T> =
  T extends PromiseLike<infer U>
    ? Wit<U>
    : T extends Uint8Array
      ? 'bytes'
      : T extends string | number | bigint | boolean | undefined | null
        ? T
        : T extends StreamEnd
          ? never
          : T extends Resource
            ? 'resource'
            : T extends object
              ? { readonly [Key in keyof T]: Wit<T[Key]> }
              : T;

/** Fewer parameters than in the WIT are allowed: unused ones. */
type Call<Params> =
  Wit<Params> extends infer List extends readonly unknown[] ? (...args: List) => void : never;

/** Whether `Our` can be called as `Their` is typed. */
type Serves<Our, Their> = Our extends (...args: infer OurParams) => infer OurResult
  ? Their extends (...args: infer TheirParams) => infer TheirResult
    ? Call<OurParams> extends Call<TheirParams>
      ? Wit<OurResult> extends Wit<TheirResult>
        ? true
        : 'result'
      : 'parameters'
    : true
  : 'missing';

/** The differences of `Our` from each member of `Their`, by its name. */
type Differences<Our, Their> = {
  [Name in keyof Their as Serves<Name extends keyof Our ? Our[Name] : undefined, Their[Name]> extends true
    ? never
    : Name]: Serves<Name extends keyof Our ? Our[Name] : undefined, Their[Name]>;
};

type All = { [Name in keyof Theirs]: Differences<Ours[Name], Theirs[Name]> };

/** Static functions of resources; those of ours that are the host's side of a resource do not matter. */
interface Statics {
  fields: Differences<typeof Fields, Pick<typeof shimHttp.Fields, 'fromList'>>;
  incomingBody: Differences<typeof IncomingBody, Pick<typeof shimHttp.IncomingBody, 'finish'>>;
  outgoingBody: Differences<typeof OutgoingBody, Pick<typeof shimHttp.OutgoingBody, 'finish'>>;
}

// `npm run check` is what fails: the types are all there is to see.
test('every resource has the methods that preview2-shim declares, with their parameters and results', () => {
  type Nothing = Record<never, never>;
  expectTypeOf<All>().toEqualTypeOf<{ [Name in keyof Theirs]: Nothing }>();
  expectTypeOf<Statics>().toEqualTypeOf<{ [Name in keyof Statics]: Nothing }>();
});

test('a difference is detected', () => {
  type Theirs = { a(): string; b(flag: boolean): void; c(): void };
  type Ours = { a(): number; b(flag: string): void };
  type Found = { a: 'result'; b: 'parameters'; c: 'missing' };
  expectTypeOf<Differences<Ours, Theirs>>().toEqualTypeOf<Found>();
});
