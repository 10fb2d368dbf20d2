import type { WasmcpError } from '../../host/index.ts';

/** Receives a response: `head`, chunks, `end`; or, at any time, `fail` as the last call. */
export interface ResponseWriter {
  /** `isIndependent`: nothing in the response, its body included, can come from the store, files or the network. */
  head(status: number, headers: string[], isIndependent?: boolean): void;
  /**
   * The writer calls `acknowledged` with the number of bytes that were sent, which back-pressure depends on. It owns the
   * memory of `bytes` from now on.
   */
  chunk(bytes: Uint8Array, acknowledged: (bytes: number) => void): void;
  end(trailers: string[]): void;
  fail(error: WasmcpError): void;
  /**
   * No guest works on the request any more. Called once, with or without a response, also when the client has disconnected.
   * A guest may continue after the end of its response, and the end may still be held back when the guest has finished.
   */
  finished(): void;
}

/** `target` with some methods replaced. Every layer wraps responses with this function, so that none drops a method. */
export function wrapResponse(target: ResponseWriter, overrides: Partial<ResponseWriter>): ResponseWriter {
  return {
    head: overrides.head ?? target.head,
    chunk: overrides.chunk ?? target.chunk,
    end: overrides.end ?? target.end,
    fail: overrides.fail ?? target.fail,
    finished: overrides.finished ?? target.finished,
  };
}
