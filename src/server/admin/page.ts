import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type PlainResponse, plainResponse } from '../plain.ts';

/** The page for browsers at `/`. It contains no data: its scripts fetch that from the API. */
export interface AdminPage {
  /** Undefined for a path that is no part of the page. */
  respond(path: string): Promise<PlainResponse> | undefined;
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

export function createAdminPage(): AdminPage {
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
    respond: (path) =>
      path === '/' || IMMUTABLE.test(path) || path === '/LICENSES.txt' ? find(path) : undefined,
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
