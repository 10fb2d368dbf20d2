import { isObject, type JsonObject } from '../client-message.ts';

/** Why `inputResponses` is none, if so (MCP 2026-07-28, "Multi Round-Trip Requests", section "Error Handling"). */
export function wrongResponses(responses: unknown): string | undefined {
  if (responses === undefined) return undefined;
  if (!isObject(responses)) return 'inputResponses is not an object';
  const wrong = Object.entries(responses).find(([, response]) => !isObject(response));
  return (
    wrong && `inputResponses has a response that is not an object: ${JSON.stringify(wrong[0]).slice(0, 100)}`
  );
}

/** The client's response of this name, if it has sent one. */
export function responseNamed(responses: unknown, name: string): JsonObject | undefined {
  return isObject(responses) && Object.hasOwn(responses, name) ? (responses[name] as JsonObject) : undefined;
}
