// Imported as a whole, so that a Node without these functions gets far enough to report that it is too old.
import module from 'node:module';

/**
 * From this size on, malloc(3) maps memory separately and returns it to the system as soon as it is freed; pieces of large
 * bodies are that large. By default malloc raises the threshold to up to 32 MiB and keeps smaller blocks in arenas of each
 * thread, where one block in use can keep 64 MiB.
 */
const THRESHOLD = 65_536;

/** Bytes that are free at the end of an arena and not returned: the default, which malloc raises with the threshold. */
const TRIM = 131_072;

/** Milliseconds after which a start is over. Its large blocks come and go, and malloc would map each of them. */
const START = 3000;

/** Milliseconds between two looks at the process's memory, and bytes by which it must have grown to be worth a trim. */
const INTERVAL = 5000;
const GROWTH = 16 * 1024 * 1024;

/** Number of looks until the next trim of what has not grown since the last one: that may have been in use then. */
const AGAIN = 4;

/** Commands that run for long. */
const COMMANDS = new Set(['serve']);

/** Settings of malloc.h of glibc, and the symbols of its functions. */
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;
const FUNCTIONS = {
  mallopt: { arguments: ['i32', 'i32'], return: 'i32' },
  malloc_trim: { arguments: ['u64'], return: 'i32' },
};

/**
 * Makes malloc return large blocks to the system, for commands that run for long. A setting of the user is kept. Node can call
 * malloc's functions from 26.9 on; an older one is replaced by a new process, unless a parent process has a channel to this one or has
 * passed sockets.
 */
export function settleAllocator() {
  const { env, platform } = process;
  if (platform !== 'linux') return;
  if (env.MALLOC_MMAP_THRESHOLD_ === String(THRESHOLD)) {
    // Processes that are started from here do not need it.
    delete env.MALLOC_MMAP_THRESHOLD_;
    return;
  }
  if (env.MALLOC_MMAP_THRESHOLD_ !== undefined || env.GLIBC_TUNABLES !== undefined) return;
  if (!COMMANDS.has(process.argv[2])) return;
  if (mayCall()) setTimeout(tendAllocator, START).unref();
  else replaceProcess();
}

/** With the permission model, calls need a permission that nothing else here needs. */
function mayCall() {
  return module.isBuiltin('node:ffi') && process.permission === undefined;
}

/** Sets the threshold, and from then on returns what is free in the middle of arenas, which malloc never does by itself. */
function tendAllocator() {
  const functions = findFunctions();
  if (functions === undefined) return;
  const { rss } = process.memoryUsage;
  functions.mallopt(M_MMAP_THRESHOLD, THRESHOLD);
  functions.mallopt(M_TRIM_THRESHOLD, TRIM);
  functions.malloc_trim(0n);
  let least = rss();
  let last = least;
  let looks = 0;
  setInterval(() => {
    const now = rss();
    looks += 1;
    least = Math.min(least, now);
    last = Math.min(last, now);
    if (now <= last + GROWTH && (looks < AGAIN || now <= least + GROWTH)) return;
    functions.malloc_trim(0n);
    last = rss();
    looks = 0;
  }, INTERVAL).unref();
}

/** Undefined with other C libraries, which keep less by themselves. */
function findFunctions() {
  const { emitWarning } = process;
  // That the module is experimental does not concern who reads what the server prints.
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:ffi').dlopen(null, FUNCTIONS).functions;
  } catch {
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * A new Node with the same process id, files and arguments, because malloc reads its settings from the environment only at the
 * start.
 */
function replaceProcess() {
  const { env, execve, argv } = process;
  // Node lets neither the channel nor the sockets of systemd pass to the new one.
  if (execve === undefined || process.channel !== undefined || env.LISTEN_FDS !== undefined) return;
  try {
    execve(process.execPath, [argv[0], ...process.execArgv, ...argv.slice(1)], {
      ...env,
      MALLOC_MMAP_THRESHOLD_: String(THRESHOLD),
    });
  } catch {
    // Not permitted, or the file is gone: continue with malloc's defaults.
  }
}
