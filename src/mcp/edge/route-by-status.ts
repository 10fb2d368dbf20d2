import { type ResponseWriter, wrapResponse } from '../../http/response.ts';

/**
 * A place for a response of which only the head decides: it goes on to what `choose` answers, or nowhere. `over` is called
 * at the end of one that went nowhere. A failure before the head is the client's answer.
 */
export function routeByStatus(
  client: ResponseWriter,
  choose: (status: number, headers: string[]) => ResponseWriter | undefined,
  over: () => void,
): ResponseWriter {
  let begun = false;
  let chosen: ResponseWriter | undefined;
  return wrapResponse(client, {
    head(status, headers) {
      begun = true;
      chosen = choose(status, headers);
      chosen?.head(status, headers);
    },
    chunk(bytes, acknowledged) {
      if (chosen === undefined) acknowledged(bytes.length);
      else chosen.chunk(bytes, acknowledged);
    },
    end(trailers) {
      if (chosen === undefined) over();
      else chosen.end(trailers);
    },
    fail(error) {
      if (begun && chosen === undefined) over();
      else (chosen ?? client).fail(error);
    },
  });
}
