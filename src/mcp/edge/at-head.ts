import { type ResponseTarget, wrapResponse } from '../../engine/request.ts';

/**
 * A place for a response of which only the head decides: it goes on to what `choose` answers, or nowhere. `over` is called
 * at the end of one that went nowhere. A failure before the head is the client's answer.
 */
export function atHead(
  client: ResponseTarget,
  choose: (status: number, headers: string[]) => ResponseTarget | undefined,
  over: () => void,
): ResponseTarget {
  let begun = false;
  let chosen: ResponseTarget | undefined;
  return wrapResponse(client, {
    head(status, headers) {
      begun = true;
      chosen = choose(status, headers);
      chosen?.head(status, headers);
    },
    chunk(bytes, taken) {
      if (chosen === undefined) taken(bytes.length);
      else chosen.chunk(bytes, taken);
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
