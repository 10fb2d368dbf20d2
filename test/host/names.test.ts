import { describe, expect, test } from 'vitest';
import { type Binding, createHost, Guest, offersFunction } from '../../host/index.ts';
import { testSink } from './streams.ts';

const binding: Binding = createHost().bind(new Guest(), { stdout: testSink(), stderr: testSink() });

describe('the functions of an interface', () => {
  const offered: [string, string][] = [
    ['wasi:io/poll@0.2.6', 'poll'],
    ['wasi:io/poll@0.2.6', '[method]pollable.block'],
    ['wasi:io/poll@0.2.6', '[resource-drop]pollable'],
    ['wasi:io/error@0.2.6', '[method]error.to-debug-string'],
    ['wasi:io/streams@0.2.6', '[method]output-stream.blocking-write-zeroes-and-flush'],
    ['wasi:http/types@0.2.6', '[constructor]fields'],
    ['wasi:http/types@0.2.6', '[static]fields.from-list'],
    ['wasi:http/types@0.2.6', '[static]response-outparam.set'],
    ['wasi:http/types@0.2.6', 'http-error-code'],
    ['wasi:random/random@0.2.6', 'get-random-u64'],
    ['wasi:sockets/tcp@0.2.6', '[method]tcp-socket.start-bind'],
    ['wasi:sockets/udp@0.2.6', '[method]udp-socket.stream'],
    ['wasi:filesystem/types@0.2.6', '[method]descriptor.open-at'],
  ];
  test.each(offered)('%s has %s', (name, member) => {
    expect(offersFunction(binding(name)!, member)).toBe(true);
  });

  const missing: [string, string][] = [
    ['wasi:io/poll@0.2.6', 'poll-list'],
    ['wasi:io/poll@0.2.6', 'to-string'],
    ['wasi:io/poll@0.2.6', '[method]pollable.wait'],
    ['wasi:io/poll@0.2.6', '[method]pollable.to-string'],
    ['wasi:io/poll@0.2.6', '[constructor]waitable'],
    ['wasi:http/types@0.2.6', '[method]fields.from-list'],
    ['wasi:http/types@0.2.6', '[static]fields.append'],
    ['wasi:http/types@0.2.6', '[method]response-outparam.send-informational'],
  ];
  test.each(missing)('%s does not have %s', (name, member) => {
    expect(offersFunction(binding(name)!, member)).toBe(false);
  });
});
