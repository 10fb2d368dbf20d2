import type { LoadedComponent } from '../../src/component/component.ts';
import type { Manner } from './metered.ts';
import { INITIALIZE } from './requests.ts';
import { type GuestAnswer, type GuestRequest, serveInThread } from './served.ts';

/** Whether the response depends on a session's id, or on a clock. */
export const isRandom = (request: GuestRequest): boolean =>
  request === INITIALIZE || request.path.startsWith('/poll');

function sessionOf({ headers }: GuestAnswer): string | undefined {
  return headers[headers.findIndex((name) => name.toLowerCase() === 'mcp-session-id') + 1];
}

/** Serves them one after another, in a session from `INITIALIZE` on, whose id is random and replaced in the texts. */
export async function answersTo(
  component: LoadedComponent,
  requests: readonly GuestRequest[],
  manner: Manner,
): Promise<GuestAnswer[]> {
  const serve = await serveInThread(component, manner);
  const answers: GuestAnswer[] = [];
  let session: string | undefined;
  for (const request of requests) {
    const headers = [...(request.headers ?? []), ...(session ? ['mcp-session-id', session] : [])];
    const answer = await serve({ ...request, headers });
    if (request === INITIALIZE) session = sessionOf(answer);
    answers.push({ ...answer, text: answer.text.replaceAll(session ?? 'SESSION', 'SESSION') });
  }
  return answers;
}

/** The units of those that take as many each time. */
export function unitsOf(answers: readonly GuestAnswer[], requests: readonly GuestRequest[]): number[] {
  return answers.flatMap(({ units }, index) => (isRandom(requests[index]!) ? [] : [units]));
}
