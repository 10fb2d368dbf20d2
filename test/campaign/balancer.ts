import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/servers.ts';

const PROGRAM: string | undefined = ['nginx', '/usr/sbin/nginx'].find(
  (name) => spawnSync(name, ['-v'], { stdio: 'ignore' }).error === undefined,
);

/** Whether nginx is on this machine; tests that need it are skipped otherwise. */
export const hasNginx: boolean = PROGRAM !== undefined;

/** nginx in front of several hosts, each request to the next one. Responses name their host in `X-Upstream`. */
export interface Balancer {
  readonly url: string;
  close(): Promise<void>;
}

export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  const port = await freePort();
  const servers = ports.map((server) => `server 127.0.0.1:${server} max_fails=1 fail_timeout=1s;`);
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; worker_processes 1; worker_rlimit_nofile 8192;
    events { worker_connections 4096; }
    http {
      access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/1; uwsgi_temp_path ${folder}/2; scgi_temp_path ${folder}/3;
      upstream hosts { ${servers.join(' ')} keepalive 64; }
      server {
        listen 127.0.0.1:${port} backlog=4096;
        location / {
          proxy_pass http://hosts; proxy_http_version 1.1; proxy_set_header Connection "";
          proxy_set_header Host $host; proxy_buffering off; proxy_read_timeout 300s;
          add_header X-Upstream $upstream_addr always;
        }
      }
    }`,
  );
  const child = spawn(PROGRAM!, ['-p', folder, '-e', join(folder, 'log'), '-c', join(folder, 'nginx.conf')], {
    stdio: 'ignore',
  });
  const ended = once(child, 'close');
  const url = `http://127.0.0.1:${port}`;
  // It does not say when it listens.
  while (!(await fetch(url).catch(() => undefined))) await delay(20);
  return {
    url,
    async close() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
