import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { sendPlainResponse } from '../node-response.ts';
import { type PlainResponse, plainResponse } from '../plain.ts';
import type { AdminAccess } from './api/access.ts';
import { sendReply } from './api/reply.ts';

/** The page for browsers at `/`. It contains no data: its scripts fetch that from the API. */
export interface AdminPage {
  /** Whether the path belongs to the page. */
  owns(path: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
}

/** Nothing from elsewhere, nothing inline, in no frame, and forms go nowhere. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const SECURITY_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/** Files whose names contain a hash of their content. */
const IMMUTABLE = /^\/assets\//;

type Files = ReadonlyMap<string, PlainResponse>;

const NOT_BUILT =
  'The page could not be built. In a checkout, npm ci and then npm run build:page show why.\n';

export function createAdminPage(access: AdminAccess): AdminPage {
  let loading: Promise<Files> | undefined;

  async function find(path: string): Promise<PlainResponse> {
    // Built and read on first use: most servers are never looked at.
    loading ??= loadFiles();
    try {
      return (await loading).get(path) ?? plainResponse(404);
    } catch {
      loading = undefined;
      return { ...plainResponse(503), body: NOT_BUILT };
    }
  }

  return {
    owns: (path) => path === '/' || path === '/LICENSES.txt' || IMMUTABLE.test(path),
    async handle(request, response, path) {
      const refused = access.refusePage(request);
      if (refused !== undefined) return sendReply(request, response, refused);
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      const found = isRead ? await find(path) : plainResponse(405, { allow: 'GET, HEAD' });
      if (!response.destroyed) sendPlainResponse(request, response, found);
    },
  };
}

/** All files by their paths: a path that is not among them is not looked for on the disk. */
async function loadFiles(): Promise<Files> {
  const folder = await locate();
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  const loaded = files.map(async ({ name, parentPath }): Promise<[string, PlainResponse]> => {
    const file = pathToFileURL(`${parentPath}/${name}`).href;
    const path = file.slice(pathToFileURL(folder).href.length);
    const body = await readFile(new URL(file), 'utf8');
    return [path === '/index.html' ? '/' : path, fileResponse(path, body)];
  });
  return new Map(await Promise.all(loaded));
}

function fileResponse(path: string, body: string): PlainResponse {
  const caching = IMMUTABLE.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache';
  return {
    status: 200,
    headers: {
      ...SECURITY_HEADERS,
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'cache-control': caching,
    },
    body,
    unread: false,
  };
}

/** The folder of the built page: in the package beside its other files; in a checkout it is built unless it is up to date. */
async function locate(): Promise<string> {
  const own = import.meta.url;
  if (!own.endsWith('.ts')) return fileURLToPath(new URL('../../../page', own));
  const script = fileURLToPath(new URL('../../../scripts/build-page.ts', own));
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  return stdout.trim().split('\n').at(-1)!;
}
