/* Preloaded into a server: while the file FAULT_WHEN exists, the calls that FAULT_CALL names (sync, write) fail with the
   error number FAULT_ERRNO on files whose name ends with FAULT_FILE. With FAULT_CALL=clock the wall clock, and it alone, is
   FAULT_SHIFT seconds off. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int wanted(const char *call) {
  const char *name = getenv("FAULT_CALL"), *when = getenv("FAULT_WHEN");
  return name && when && strcmp(name, call) == 0 && access(when, F_OK) == 0;
}

static int fails(const char *call, int descriptor) {
  const char *end = getenv("FAULT_FILE");
  if (!end || !wanted(call)) return 0;
  char link[64], name[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, name, sizeof name - 1);
  if (length < (ssize_t)strlen(end)) return 0;
  name[length] = 0;
  if (strcmp(name + length - strlen(end), end) != 0) return 0;
  errno = atoi(getenv("FAULT_ERRNO"));
  return 1;
}

static time_t shift(void) {
  int before = errno;
  time_t seconds = wanted("clock") ? atoll(getenv("FAULT_SHIFT")) : 0;
  errno = before;
  return seconds;
}

#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

int fsync(int fd) { return fails("sync", fd) ? -1 : REAL(int, "fsync", int)(fd); }
int fdatasync(int fd) { return fails("sync", fd) ? -1 : REAL(int, "fdatasync", int)(fd); }
ssize_t write(int fd, const void *bytes, size_t size) {
  return fails("write", fd) ? -1 : REAL(ssize_t, "write", int, const void *, size_t)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  return fails("write", fd) ? -1 : REAL(ssize_t, "pwrite", int, const void *, size_t, off_t)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  return fails("write", fd) ? -1 : REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t)(fd, bytes, size, at);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
  int status = REAL(int, "clock_gettime", clockid_t, struct timespec *)(clock, now);
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
  return status;
}
int gettimeofday(struct timeval *now, void *zone) {
  int status = REAL(int, "gettimeofday", struct timeval *, void *)(now, zone);
  if (status == 0) now->tv_sec += shift();
  return status;
}
