/** Milliseconds of processor time that this process has used. */
export function processTime(): number {
  return milliseconds(process.cpuUsage());
}

/** Milliseconds of processor time that this thread has used, in steps of some milliseconds. Reading it takes a system call. */
export function threadTime(): number {
  return milliseconds(process.threadCpuUsage());
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}
