import type { Implementation } from '../options.ts';
import { IoError } from './error.ts';
import { InputStream } from './input-stream.ts';
import { OutputStream } from './output-stream.ts';
import { Pollable, poll } from './poll.ts';

/** `wasi:io/error`. */
export const ioError: Implementation = { Error: IoError };

/** `wasi:io/poll`. */
export const ioPoll: Implementation = { Pollable, poll };

/** `wasi:io/streams`. */
export const ioStreams: Implementation = { InputStream, OutputStream };
