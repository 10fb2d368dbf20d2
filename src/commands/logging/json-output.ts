import { Writable } from 'node:stream';
import { oneLine } from '../print.ts';
import type { WriteJson } from './pino.ts';
import type { Sink } from './sink.ts';

/** What precedes a line of a guest's output, unless that is turned off. */
const PREFIX = /^(stdout|stderr) \[(\d+)\] :: /;

/** A stream whose lines become lines of JSON; those with `context` are from guests, which may print anything. */
export function jsonOutput(json: WriteJson, sink: Sink, context?: 'guest'): Writable {
  function line(text: string): void {
    if (context === undefined) {
      const isWarning = text.startsWith('warning: ');
      json(isWarning ? 'warn' : 'info', {}, isWarning ? text.slice('warning: '.length) : text);
      return;
    }
    const [prefix = '', stream, request] = PREFIX.exec(text) ?? [];
    const message = oneLine(text.slice(prefix.length));
    json('info', { context, ...(stream && { stream, request: Number(request) }) }, message);
  }

  return new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      const lines = text.endsWith('\n') ? text.slice(0, -1) : text;
      for (const each of lines.split('\n')) line(each);
      void sink.flush().then(() => done(), done);
    },
  });
}
