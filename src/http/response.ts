import type { WasmcpError } from '../../host/index.ts';

/** Where the engine puts the response: `head`, chunks and `end`; or, at any time, `fail` as the last call. */
export interface ResponseWriter {
  head(status: number, headers: string[]): void;
  /**
   * `acknowledged` must be called with their number once the bytes have left: back-pressure depends on it. The memory of
   * `bytes` belongs to the writer from now on.
   */
  chunk(bytes: Uint8Array, acknowledged: (bytes: number) => void): void;
  end(trailers: string[]): void;
  fail(error: WasmcpError): void;
  /**
   * No guest works on the request any more: called once, with or without a response, also when the client has gone. A
   * guest may go on for a while after the end of its response; and the end may still be held back when its guest is done.
   */
  finished(): void;
}

/** `target` with some of its methods replaced. Layers that wrap a target use this alone, so that none drops a method. */
export function wrapResponse(target: ResponseWriter, overrides: Partial<ResponseWriter>): ResponseWriter {
  return {
    head: overrides.head ?? target.head,
    chunk: overrides.chunk ?? target.chunk,
    end: overrides.end ?? target.end,
    fail: overrides.fail ?? target.fail,
    finished: overrides.finished ?? target.finished,
  };
}
