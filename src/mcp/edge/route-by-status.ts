import { type ResponseWriter, wrapResponse } from '../../http/response.ts';

/**
 * Routes a response by its head: to the target that `choose` returns, or nowhere. `discarded` is called at the end of a
 * response that went nowhere. The client gets a failure before the head.
 */
export function routeByStatus(
  client: ResponseWriter,
  choose: (status: number, headers: string[]) => ResponseWriter | undefined,
  discarded: () => void,
): ResponseWriter {
  let hasHead = false;
  let chosen: ResponseWriter | undefined;
  return wrapResponse(client, {
    head(status, headers) {
      hasHead = true;
      chosen = choose(status, headers);
      chosen?.head(status, headers);
    },
    chunk(bytes, acknowledged) {
      if (chosen === undefined) acknowledged(bytes.length);
      else chosen.chunk(bytes, acknowledged);
    },
    end(trailers) {
      if (chosen === undefined) discarded();
      else chosen.end(trailers);
    },
    fail(error) {
      if (hasHead && chosen === undefined) discarded();
      else (chosen ?? client).fail(error);
    },
  });
}
