import { version } from '../../../version.ts';
import { BUCKET_ROUTES, BUCKET_SCHEMAS } from './bucket-routes.ts';
import type { ResponseDescription, Route } from './route.ts';
import { schemaNamed } from './route.ts';
import { SERVER_ROUTES, SERVER_SCHEMAS } from './server-routes.ts';
import { SESSION_SCHEMAS } from './session-record.ts';
import { SESSION_ROUTES } from './session-routes.ts';

/** Where the API is. A later version of it gets another path beside this one. */
export const API_BASE = '/api/v1';

const DOCUMENT: Route = {
  method: 'GET',
  path: '/openapi.json',
  id: 'getDocument',
  summary: 'This document.',
  parameters: [],
  responses: { 200: { description: 'An OpenAPI 3.1 document.', schema: { type: 'object' } } },
  run: () => ({ status: 200, body: openApiDocument() }),
};

export const ROUTES: readonly Route[] = [...SERVER_ROUTES, ...SESSION_ROUTES, ...BUCKET_ROUTES, DOCUMENT];

/** Failures of every operation. */
const FAILURES: Readonly<Record<number, string>> = {
  400: 'A parameter or the body is malformed.',
  401: 'The token is missing or wrong.',
  403: 'The API is off on this address, the request comes from a page of another origin, or the bucket is internal.',
  404: 'There is no such thing.',
  503: 'The server has not started, the store cannot be reached, or the session is busy.',
};
const BODY_FAILURES: Readonly<Record<number, string>> = {
  413: 'The body or the value is too large.',
  415: 'The body is not declared as JSON.',
  422: 'The value is refused.',
};

function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of ROUTES) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'wasmcp-node administration', version },
    servers: [{ url: API_BASE }],
    security: [{}, { token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { ...SERVER_SCHEMAS, ...SESSION_SCHEMAS, ...BUCKET_SCHEMAS },
    },
  };
}

function operationOf({ id, summary, parameters, body, responses }: Route): object {
  const failures = { ...FAILURES, ...(body && BODY_FAILURES) };
  const described: Record<string, object> = {};
  for (const [status, description] of Object.entries(failures)) {
    described[status] = responseOf({ description, schema: schemaNamed('Error') });
  }
  for (const [status, response] of Object.entries(responses)) described[status] = responseOf(response);
  return {
    operationId: id,
    summary,
    parameters: parameters.map((parameter) => ({ ...parameter, required: parameter.in === 'path' })),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: described,
  };
}

function responseOf({ description, schema, type = 'application/json' }: ResponseDescription): object {
  return { description, ...(schema && { content: { [type]: { schema } } }) };
}
