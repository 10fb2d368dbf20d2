/**
 * `npm run build:page`: builds the page of the admin address from `page/`, unless this version of it has been built before, and prints
 * the folder of the result. `scripts/build.ts` builds it into the package.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

const ROOT = join(import.meta.dirname, '..');
const SOURCE = join(ROOT, 'page');
const BUILT = join(SOURCE, 'dist');

/** Packages whose code is part of the page; their licenses go with it. */
const BUNDLED = ['preact', 'uplot'];

/** Milliseconds after which a former version of the page is removed. */
const KEPT = 24 * 60 * 60 * 1000;

export async function buildPage(outDir: string): Promise<void> {
  await build({
    root: SOURCE,
    configFile: false,
    envDir: false,
    logLevel: 'error',
    // Relative, so that a proxy may serve the admin address below a path.
    base: './',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2023',
      modulePreload: false,
      // A `data:` URL would need a permission in the Content-Security-Policy.
      assetsInlineLimit: 0,
      reportCompressedSize: false,
    },
  });
  const licenses = BUNDLED.map((name) => {
    const text = readFileSync(join(ROOT, 'node_modules', name, 'LICENSE'), 'utf8');
    return `${name}\n\n${text.trim()}\n`;
  });
  writeFileSync(join(outDir, 'LICENSES.txt'), licenses.join('\n\n'));
}

/** Builds into a folder that is named after the sources. Several processes may do so at once. */
async function buildOnce(): Promise<string> {
  const folder = join(BUILT, versionOf(SOURCE));
  if (existsSync(folder)) return folder;
  mkdirSync(BUILT, { recursive: true });
  removeFormer();
  const draft = mkdtempSync(join(BUILT, 'draft-'));
  await buildPage(draft);
  try {
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function versionOf(source: string): string {
  const hash = createHash('sha256');
  const files = globSync(['index.html', 'src/**/*.*'], { cwd: source }).sort();
  for (const file of [
    ...files.map((name) => join(source, name)),
    import.meta.filename,
    join(ROOT, 'package-lock.json'),
  ]) {
    hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

function removeFormer(): void {
  for (const name of globSync('*', { cwd: BUILT })) {
    const path = join(BUILT, name);
    if (Date.now() - statSync(path).mtimeMs > KEPT) rmSync(path, { recursive: true, force: true });
  }
}

if (import.meta.main) console.log(await buildOnce());
