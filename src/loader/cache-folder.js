// JavaScript, because the command loads it before Node's compile cache is enabled: stripping types would cost 57 ms.
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export function userCacheFolder(environment = process.env) {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = environment;
  // XDG specification: a relative path must be ignored.
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, 'wasmcp-node');
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'wasmcp-node', 'Cache');
  const home = findHome();
  if (home === undefined) return undefined;
  return process.platform === 'darwin'
    ? join(home, 'Library', 'Caches', 'wasmcp-node')
    : join(home, '.cache', 'wasmcp-node');
}

function findHome() {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch (error) {
    // A user id without an entry in the user database, as in many containers.
    if (error.syscall !== undefined) return undefined;
    throw error;
  }
}

export function isFirstStart() {
  const folder = userCacheFolder();
  try {
    return folder === undefined || readdirSync(folder).length === 0;
  } catch {
    return true;
  }
}

export function reasonNotTrusted(status) {
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  if (status.uid !== user && status.uid !== 0) return `it belongs to another user (id ${status.uid})`;
  if (status.mode & 0o022) return 'others may write to it; take that away with "chmod go-w"';
  return undefined;
}
