import { type ClientMessage, isObject, type JsonObject } from '../client-message.ts';

/** Why `inputResponses` is none, if so (MCP 2026-07-28, "Multi Round-Trip Requests", section "Error Handling"). */
export function wrongResponses(responses: unknown): string | undefined {
  if (responses === undefined) return undefined;
  if (!isObject(responses)) return 'inputResponses is not an object';
  const wrong = Object.entries(responses).find(([, response]) => !isObject(response));
  return (
    wrong && `inputResponses has a response that is not an object: ${JSON.stringify(wrong[0]).slice(0, 100)}`
  );
}

/** The client's responses by name: each is for one request of the guest, which may ask the same again. */
export function responsesOf({ params }: ClientMessage): Map<string, JsonObject> {
  const { inputResponses } = params;
  return new Map(Object.entries(isObject(inputResponses) ? inputResponses : {}) as [string, JsonObject][]);
}
