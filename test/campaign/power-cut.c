/* Cuts the power of one mounted file system: from now on nothing of it reaches its device, the journal included, and
   every call on it fails with EIO. What is in memory only goes away with the next unmount. See EXT4_IOC_SHUTDOWN in
   fs/ext4/ioctl.c; XFS and f2fs know the same call. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define SHUTDOWN _IOR('X', 125, uint32_t)
#define WITHOUT_FLUSHING_THE_LOG 2

int main(int argc, char **argv) {
  uint32_t how = WITHOUT_FLUSHING_THE_LOG;
  int folder = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
  if (folder < 0 || ioctl(folder, SHUTDOWN, &how) != 0) {
    perror("power-cut");
    return 1;
  }
  return 0;
}
