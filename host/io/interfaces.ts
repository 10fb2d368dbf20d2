import { type Interfaces, shared } from '../interfaces.ts';
import { IoError } from './error.ts';
import { InputStream } from './input-stream.ts';
import { OutputStream } from './output-stream.ts';
import { Pollable, poll } from './poll.ts';

/** The interfaces of `wasi:io`. */
export const ioInterfaces: Interfaces = {
  'wasi:io/error@0.2': shared({ Error: IoError }),
  'wasi:io/poll@0.2': shared({ Pollable, poll }),
  'wasi:io/streams@0.2': shared({ InputStream, OutputStream }),
};
