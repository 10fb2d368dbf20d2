/** Milliseconds of processor time that this thread has used, in steps of some milliseconds. Reading it takes a system call. */
export function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
