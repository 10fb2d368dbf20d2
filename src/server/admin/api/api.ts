import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AdminAccess } from './access.ts';
import { API_BASE, ROUTES } from './openapi.ts';
import { checkedPath, checkedQuery } from './parameters.ts';
import { readJson } from './read-json.ts';
import { failureReply, type Reply, refusal, sendReply } from './reply.ts';
import type { ApiContext, Call, Route } from './route.ts';

/** The API as a part of the admin address's handler. */
export interface Api {
  /** Whether the path belongs to the API. */
  owns(path: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
}

export function createApi(access: AdminAccess, context: () => ApiContext | undefined): Api {
  async function reply(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    signal: AbortSignal,
  ): Promise<Reply | undefined> {
    const refused = access.refuse(request);
    if (refused !== undefined) return refused;
    const found = routesFor(path.slice(API_BASE.length));
    if (found === undefined) return refusal(404, `the API has no ${path}`);
    const { values, routes } = found;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = routes.find((known) => known.method === method);
    if (route === undefined) {
      const allow = routes.map((known) => (known.method === 'GET' ? 'GET, HEAD' : known.method)).join(', ');
      return refusal(405, `${path} takes ${allow}`, { allow });
    }
    const working = context();
    if (working === undefined) return refusal(503, 'the server has not started yet');
    return run(route, working, { request, response, signal }, values);
  }

  return {
    owns: (path) => path === '/api' || path.startsWith('/api/'),
    async handle(request, response, path) {
      const left = new AbortController();
      response.once('close', () => left.abort());
      let result: Reply | undefined;
      try {
        result = path.startsWith(`${API_BASE}/`)
          ? await reply(request, response, path, left.signal)
          : (access.refuse(request) ??
            refusal(404, `the API is at ${API_BASE}, described by ${API_BASE}/openapi.json`));
      } catch (error) {
        // The client has left: while it sent its body, or during a search, which ended then.
        if ((request.destroyed && !request.complete) || error === left.signal.reason) return;
        result = failureReply(error);
      }
      if (result !== undefined) sendReply(request, response, result);
    },
  };
}

async function run(
  route: Route,
  context: ApiContext,
  { request, response, signal }: Pick<Call, 'request' | 'response' | 'signal'>,
  values: Readonly<Record<string, string>>,
): Promise<Reply | undefined> {
  const path = checkedPath(values);
  const query = checkedQuery(request.url!, route.parameters);
  const body = route.body === undefined ? undefined : await readJson(request);
  return route.run(context, { request, response, path, query, body, signal });
}

interface Found {
  readonly values: Readonly<Record<string, string>>;
  readonly routes: readonly Route[];
}

/** The routes of a path, one for each method, with the segments that the braces stand for. */
function routesFor(path: string): Found | undefined {
  const segments = path.split('/');
  for (const [pattern, routes] of BY_PATH) {
    const values = valuesOf(pattern.split('/'), segments);
    if (values !== undefined) return { values, routes };
  }
  return undefined;
}

const BY_PATH: ReadonlyMap<string, Route[]> = Map.groupBy(ROUTES, ({ path }) => path);

function valuesOf(pattern: readonly string[], segments: readonly string[]): Found['values'] | undefined {
  if (pattern.length !== segments.length) return undefined;
  const values: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    if (part.startsWith('{')) values[part.slice(1, -1)] = segments[at]!;
    else if (part !== segments[at]) return undefined;
  }
  return values;
}
