// What a guest's root can call, for tests that show that it does not get far. Built by abuse.ts.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Children of our parent's: the keeper's, not ours.
static int siblings(int count, unsigned seconds) {
  for (int i = 0; i < count; ++i) {
    const long pid = syscall(SYS_clone, CLONE_PARENT, 0, 0, 0, 0);
    if (pid == 0) {
      // Whoever reads its parent's output waits for nobody else.
      close_range(0, ~0u, 0);
      sleep(seconds);
      _exit(0);
    }
    if (pid < 0) return perror("clone"), 1;
  }
  return 0;
}

// As many keys as its user may have; they stay with the user.
static int keys(void) {
  int made = 0;
  char name[32];
  for (; made < 100000; ++made) {
    snprintf(name, sizeof name, "%d-%d", getpid(), made);
    if (syscall(SYS_add_key, "user", name, "x", 1, KEY_SPEC_USER_KEYRING) < 0) break;
  }
  return printf("%d %s\n", made, strerrorname_np(errno)) < 0;
}

// As many inotify instances as its user may have, held until it is killed.
static int watches(void) {
  int made = 0;
  while (inotify_init() >= 0) ++made;
  printf("%d %s\n", made, strerrorname_np(errno));
  fflush(stdout);
  close(1);
  close(2);
  return pause();
}

// Answers in the kernel's place: to every netlink socket of this network namespace, with every likely sequence number.
static int forge(void) {
  FILE* list = fopen("/proc/net/netlink", "r");
  char line[256];
  unsigned sent = 0, refused = 0;
  const int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  while (list && fgets(line, sizeof line, list)) {
    unsigned protocol, port;
    if (sscanf(line, "%*s %u %u", &protocol, &port) != 2 || protocol != NETLINK_ROUTE || port == 0) continue;
    for (unsigned seq = 1; seq < 20; ++seq) {
      struct nlmsghdr done = {sizeof done, NLMSG_DONE, NLM_F_MULTI, seq, 0};
      struct sockaddr_nl to = {AF_NETLINK, 0, port, 0};
      if (sendto(fd, &done, sizeof done, 0, (struct sockaddr*)&to, sizeof to) >= 0) ++sent;
      else ++refused;
    }
  }
  printf("%u sent, %u refused\n", sent, refused);
  return 0;
}

// `count` addresses on the loopback link.
static int addresses(unsigned count) {
  const int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  for (unsigned i = 0; i < count; ++i) {
    struct {
      struct nlmsghdr head;
      struct {
        unsigned char family, prefix, flags, scope;
        unsigned index;
      } body;
      struct rtattr attribute;
      unsigned address;
    } request = {{sizeof request, RTM_NEWADDR, NLM_F_REQUEST | NLM_F_CREATE, i, 0},
                 {AF_INET, 32, 0, 0, 1},
                 {RTA_LENGTH(4), 2 /* IFA_LOCAL */},
                 htonl(0x0b000001u + i)};
    struct sockaddr_nl kernel = {AF_NETLINK, 0, 0, 0};
    if (sendto(fd, &request, sizeof request, 0, (struct sockaddr*)&kernel, sizeof kernel) < 0) return perror("sendto"), 1;
  }
  return 0;
}

// A name may hold anything but a slash, a colon and blanks: names of links reach the API and terminals.
static int rename_link(const char* from, const char* to) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct {
    char from[16];
    char to[24];
  } request = {{0}, {0}};
  strncpy(request.from, from, 15);
  strncpy(request.to, to, 15);
  if (ioctl(fd, 0x8923 /* SIOCSIFNAME */, &request) < 0) return perror(to), 1;
  return 0;
}

// Types into the terminal on stdin in its user's place.
static int type(const char* text) {
  for (; *text; ++text)
    if (ioctl(0, 0x5412 /* TIOCSTI */, text) < 0) return perror("TIOCSTI"), 1;
  return 0;
}

static int hog(size_t megabytes) {
  for (size_t i = 0; i < megabytes; ++i) {
    char* piece = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece == MAP_FAILED) return perror("mmap"), 1;
    memset(piece, 1, 1 << 20);
  }
  puts("got it all");
  return 0;
}

// As many processes as it gets, which then wait for ever. They let go of the output, which would not end before them.
static int bomb(int most) {
  int made = 0;
  for (; made < most; ++made) {
    const pid_t pid = fork();
    if (pid == 0) {
      close(1);
      close(2);
      pause();
      _exit(0);
    }
    if (pid < 0) break;
  }
  printf("%d\n", made);
  return 0;
}

// A subvolume of its own in a btrfs(5), by each request that makes one; `high`: with something in the upper half of the request,
// which the kernel does not look at.
static int subvolume(const char* directory, unsigned long high) {
  const int fd = open(directory, O_RDONLY | O_DIRECTORY);
  struct btrfs_ioctl_vol_args one = {.name = "one"};
  struct btrfs_ioctl_vol_args_v2 two = {.name = "two"};
  struct btrfs_ioctl_vol_args three = {.name = "three", .fd = fd};
  struct btrfs_ioctl_vol_args_v2 four = {.name = "four", .fd = fd};
  const unsigned long requests[] = {BTRFS_IOC_SUBVOL_CREATE, BTRFS_IOC_SUBVOL_CREATE_V2, BTRFS_IOC_SNAP_CREATE, BTRFS_IOC_SNAP_CREATE_V2};
  void* arguments[] = {&one, &two, &three, &four};
  for (int i = 0; i < 4; ++i) {
    const long result = syscall(SYS_ioctl, fd, requests[i] | high << 32, arguments[i]);
    printf("%s ", result < 0 ? strerrorname_np(errno) : "made");
  }
  return 0;
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  const char* first = argc > 2 ? argv[2] : "";
  if (!strcmp(what, "siblings")) return siblings(atoi(first), argc > 3 ? (unsigned)atoi(argv[3]) : 0);
  if (!strcmp(what, "keys")) return keys();
  if (!strcmp(what, "watches")) return watches();
  if (!strcmp(what, "forge")) return forge();
  if (!strcmp(what, "addresses")) return addresses((unsigned)atoi(first));
  if (!strcmp(what, "rename") && argc > 3) return rename_link(first, argv[3]);
  if (!strcmp(what, "type")) return type(first);
  if (!strcmp(what, "hog")) return hog((size_t)atoi(first));
  if (!strcmp(what, "subvolume")) return subvolume(first, argc > 3);
  if (!strcmp(what, "bomb")) return bomb(atoi(first));
  return 2;
}
