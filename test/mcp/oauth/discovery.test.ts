import { describe, expect, test } from 'vitest';
import { WasmcpError } from '../../../host/index.ts';
import type { Handler } from '../../../src/http/handler.ts';
import type { ResponseWriter } from '../../../src/http/response.ts';
import { withDiscovery } from '../../../src/mcp/oauth/discovery.ts';

const BASE = 'http://127.0.0.1:8080';
const PATH = '/.well-known/oauth-protected-resource';

/** A guest that responds with these chunks. */
function guest(...chunks: readonly string[]): Handler {
  return (_, target) => {
    const bytes = chunks.map((chunk) => Buffer.from(chunk));
    const length = bytes.reduce((sum, chunk) => sum + chunk.length, 0);
    target.head(200, ['content-type', 'application/json', 'Content-Length', String(length)]);
    let untaken = length;
    for (const chunk of bytes) {
      target.chunk(chunk, (taken) => {
        untaken -= taken;
      });
    }
    expect(untaken).toBe(0);
    target.end([]);
    return { cancel() {}, stop() {} };
  };
}

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly authority?: string;
}

/** The response of `handle` through the middleware. */
function ask(
  handle: Handler,
  asked: Asked = {},
  guess = true,
): { headers: string[]; body: string; failed: boolean } {
  const answer = { headers: [] as string[], body: '', failed: false };
  const target: ResponseWriter = {
    head: (_, headers) => answer.headers.push(...headers),
    chunk(bytes, acknowledged) {
      answer.body += Buffer.from(bytes);
      acknowledged(bytes.length);
    },
    end() {},
    fail() {
      answer.failed = true;
    },
    finished() {},
  };
  const { path = PATH, method = 'GET', authority = 'localhost:8080' } = asked;
  const rest = { headers: [], body: undefined, receivedAt: 0 };
  const request = { method, scheme: 'https' as const, authority, path, ...rest };
  withDiscovery(guess ? () => BASE : undefined)(handle)(request, target);
  return answer;
}

const DOCUMENT = {
  resource: BASE,
  authorization_servers: ['https://login.example'],
  jwks_uri: `${BASE}/keys`,
  resource_documentation: `${BASE}${PATH}`,
};

describe('the metadata of a server', () => {
  test.each([PATH, `${PATH}/mcp`, `${PATH}?x=1`])('%s names the server as the client wrote it', (path) => {
    const text = JSON.stringify(DOCUMENT);
    const { headers, body } = ask(guest(text.slice(0, 20), text.slice(20)), { path });
    expect(JSON.parse(body)).toEqual({
      ...DOCUMENT,
      resource: 'https://localhost:8080',
      resource_documentation: `https://localhost:8080${PATH}`,
    });
    expect(headers).toEqual(['content-type', 'application/json']);
  });

  test.each([
    ['that is a list', '[1]'],
    ['that is null', 'null'],
    ['that is no JSON', '{"resource":'],
    ['that is empty', ''],
    ['that is long', JSON.stringify({ ...DOCUMENT, more: 'x'.repeat(70_000) })],
  ])('%s passes untouched', (_, text) => {
    const { headers, body } = ask(guest(text));
    expect(body).toBe(text);
    expect(headers).toEqual(['content-type', 'application/json', 'Content-Length', String(text.length)]);
  });

  test('that names another server is not rewritten', () => {
    const others = { resource: `${BASE}0`, resource_documentation: 1, jwks_uri: BASE };
    expect(JSON.parse(ask(guest(JSON.stringify(others))).body)).toEqual(others);
  });

  test('keeps the name that the user configured', () => {
    expect(JSON.parse(ask(guest(JSON.stringify(DOCUMENT)), {}, false).body)).toEqual(DOCUMENT);
  });

  test('loses empty members', () => {
    const empty = { ...DOCUMENT, jwks_uri: null, scopes_supported: [], more: '' };
    const { jwks_uri, ...kept } = DOCUMENT;
    const { body } = ask(guest(JSON.stringify(empty)), { authority: '127.0.0.1:8080' });
    expect(JSON.parse(body.replaceAll('https://127', 'http://127'))).toEqual({ ...kept, more: '' });
  });

  test('is passed on unchanged above the limit', () => {
    const long = guest(...Array.from({ length: 10 }, () => 'x'.repeat(10_000)));
    expect(ask(long).body).toBe('x'.repeat(100_000));
  });

  test('that fails half-way fails', () => {
    const broken: Handler = (_, target) => {
      target.head(200, []);
      target.chunk(Buffer.from('{'), () => {});
      target.fail(new WasmcpError('guest-trapped', 'trapped'));
      return { cancel() {}, stop() {} };
    };
    expect(ask(broken)).toEqual({ headers: [], body: '', failed: true });
  });
});

test.each<Asked>([{ path: '/mcp' }, { path: `${PATH}x` }, { method: 'POST' }])(
  '%j passes untouched',
  (asked) => {
    const text = JSON.stringify(DOCUMENT);
    expect(ask(guest(text), asked).body).toBe(text);
  },
);
