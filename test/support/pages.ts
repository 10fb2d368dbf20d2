import { readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { text } from 'node:stream/consumers';
import { httpServer } from './servers.ts';

const PAGES: string = join(import.meta.dirname, '../e2e/pages');
const MODULES: string = join(import.meta.dirname, '../../node_modules');
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  mjs: 'text/javascript',
};

/** A web server for pages, which load modules from `/modules/` and send their results to `/report`. */
export interface Pages {
  readonly port: number;
  /** The results that a page has sent. */
  readonly report: Promise<unknown>;
}

export async function servePages(): Promise<Pages> {
  const reported = Promise.withResolvers<unknown>();
  const { port } = await httpServer(async (request, response) => {
    if (request.method === 'POST') {
      reported.resolve(JSON.parse(await text(request)));
      response.end();
      return;
    }
    const path = normalize(new URL(request.url!, 'http://localhost').pathname);
    const file = path.startsWith('/modules/') ? join(MODULES, path.slice(8)) : join(PAGES, path);
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined) response.writeHead(404).end();
    else
      response.writeHead(200, { 'content-type': TYPES[path.split('.').at(-1)!] ?? 'text/plain' }).end(bytes);
  });
  return { port, report: reported.promise };
}
