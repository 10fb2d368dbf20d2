import { expect, test } from 'vitest';
import type { Handler } from '../../../src/http/handler.ts';
import { withChallenge } from '../../../src/mcp/oauth/challenge.ts';
import { listen, share } from '../../support/serving.ts';

const METADATA = '/.well-known/oauth-protected-resource';
const lab = share('http-lab', { mcp: 'guide' });
const strict = share('http-lab', { mcp: 'strict', publicUrl: 'https://mcp.example.com/notes/' });
const other = share('http-lab');

async function challenge(url: string, code = 401): Promise<string | null> {
  const response = await fetch(`${url}/status?code=${code}`);
  expect(response.status).toBe(code);
  return response.headers.get('www-authenticate');
}

test('a 401 names the metadata at the address that the client used', async () => {
  expect(await challenge(lab.url)).toBe(`Bearer resource_metadata="${lab.url}${METADATA}"`);
  const local = lab.url.replace('127.0.0.1', 'localhost');
  expect(await challenge(local)).toBe(`Bearer resource_metadata="${local}${METADATA}"`);
});

test('a 401 names the metadata at the public address', async () => {
  expect(await challenge(strict.url)).toBe(
    `Bearer resource_metadata="https://mcp.example.com/notes${METADATA}"`,
  );
});

test.each([
  ['with a line break behind it', 'https://mcp.example.com\n', 'https://mcp.example.com'],
  ['with a name beyond ASCII', 'https://bücher.example/π/', 'https://xn--bcher-kva.example/%CF%80'],
])('a public address %s becomes a valid header value', async (_, publicUrl, base) => {
  const { url } = await listen('http-lab', { mcp: 'guide', publicUrl });
  expect(await challenge(url)).toBe(`Bearer resource_metadata="${base}${METADATA}"`);
  const environment = await (await fetch(`${url}/env`)).text();
  expect(environment).toContain(`WASMCP_SERVER_URI=${base}\n`);
});

test('other responses and other components are left alone', async () => {
  expect(await challenge(lab.url, 403)).toBeNull();
  expect(await challenge(other.url)).toBeNull();
});

test('the guest’s own challenge stays the only one', () => {
  const own = ['Content-Type', 'text/plain', 'WWW-Authenticate', 'Basic'];
  const guest: Handler = (_, target) => {
    target.head(401, own);
    return { cancel() {}, stop() {} };
  };
  const heads: string[][] = [];
  withChallenge(undefined)(guest)(
    { method: 'GET', scheme: 'http', authority: 'a', path: '/', headers: [], body: undefined, receivedAt: 0 },
    { head: (_, headers) => heads.push(headers), chunk() {}, end() {}, fail() {}, finished() {} },
  );
  expect(heads).toEqual([own]);
});
