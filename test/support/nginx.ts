import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './command.ts';
import { freePort } from './servers.ts';

/** The program; undefined if it is not on this machine. Tests that need it are skipped then. */
export const NGINX: string | undefined = ['nginx', '/usr/sbin/nginx'].find(
  (name) => spawnSync(name, ['-v']).error === undefined,
);

/**
 * Starts nginx with a file as users have it, on a free port instead of the one in its only `listen`, until the end of the test.
 * `servers` replaces addresses in `upstream`. Returns its address.
 */
export async function startNginx(file: string, servers: Readonly<Record<string, string>>): Promise<string> {
  const folder = temporaryFolder();
  const port = await freePort();
  let config = file
    .replace(/listen [^;]+;/, `listen 127.0.0.1:${port};`)
    .replace('events {}', `daemon off; pid ${folder}/pid; events {}`)
    .replace(
      'http {',
      `http { access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/1; uwsgi_temp_path ${folder}/2; scgi_temp_path ${folder}/3;`,
    );
  for (const [from, to] of Object.entries(servers)) {
    if (!config.includes(from)) throw new Error(`the file has no server ${from}`);
    config = config.replace(from, to.replace('http://', ''));
  }
  const path = join(folder, 'nginx.conf');
  writeFileSync(path, config);
  const child = spawn(NGINX!, ['-p', folder, '-e', 'stderr', '-c', path], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  // nginx does not say when it listens.
  while (!(await fetch(url).catch(() => undefined))) await setTimeout(20);
  return url;
}
