import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const execute = promisify(execFile);

/** A folder with its own package.json, as a user of the package has it. */
export interface Project {
  readonly folder: string;
  /** Its own commands first on the PATH, a cache of its own. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs a program of the project, or of the shell. */
  run(command: string, args: readonly string[], env?: Record<string, string>): Promise<Outcome>;
  npm(...args: string[]): Promise<Outcome>;
  write(file: string, text: string): void;
  remove(): void;
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function createProject(): Project {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-package-'));
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  write('package.json', '{ "private": true, "type": "module" }');

  const path = [join(folder, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH];
  const env = { ...process.env, PATH: path.join(delimiter), XDG_CACHE_HOME: join(folder, 'cache') };

  async function run(command: string, args: readonly string[], more = {}): Promise<Outcome> {
    try {
      const { stdout, stderr } = await execute(command, args, { cwd: folder, env: { ...env, ...more } });
      return { status: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout = '', stderr = String(error) } = error as Outcome & { code: number };
      return { status: code, stdout, stderr };
    }
  }

  return {
    folder,
    env,
    run,
    npm: (...args) =>
      run('npm', ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', ...args]),
    write,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Packs this repository as it is; returns the path of the tarball. */
export async function pack(project: Project): Promise<string> {
  const { status, stderr } = await project.npm('pack', ROOT, '--pack-destination', project.folder);
  if (status !== 0) throw new Error(`npm pack: ${stderr}`);
  return join(project.folder, readdirSync(project.folder).find((name) => name.endsWith('.tgz'))!);
}
