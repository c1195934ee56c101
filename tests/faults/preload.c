/* Preloaded into petite: counts the calls that write below one folder, and lets one of them fail or
 * end the process. Set by the environment:
 *   FAULTS_IN   the folder, absolute
 *   FAULTS_LOG  a file that gets a line per call: its number, its name and its path
 *   FAULTS_AT   the number of the call, from 1; without it nothing happens to any
 *   FAULTS_HOW  the errno it fails with; or "kill" to end the process before the call, or "tear" to
 *               end it after half of the bytes were written
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

enum fate { UNHARMED, FAILS, TORN };

static atomic_long calls;

static void end_process(void) {
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;) pause();
}

/* Whether `path` is below the folder. */
static int inside(const char *path) {
    const char *folder = getenv("FAULTS_IN");
    size_t length = folder ? strlen(folder) : 0;
    return length && strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

static void path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
}

/* What is to happen to this call. Sets errno if it fails. */
static enum fate decide(const char *name, const char *path) {
    if (!inside(path)) return UNHARMED;
    long number = atomic_fetch_add(&calls, 1) + 1;
    const char *log = getenv("FAULTS_LOG"), *at = getenv("FAULTS_AT"), *how = getenv("FAULTS_HOW");
    if (log) {
        char line[PATH_MAX + 64];
        int length = snprintf(line, sizeof line, "%ld %s %s\n", number, name, path);
        int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        if (fd >= 0) {
            syscall(SYS_write, fd, line, length);
            syscall(SYS_close, fd);
        }
    }
    if (!at || !how || number != atol(at)) return UNHARMED;
    if (strcmp(how, "kill") == 0) end_process();
    if (strcmp(how, "tear") == 0) return TORN;
    errno = atoi(how);
    return FAILS;
}

static enum fate decide_fd(const char *name, int fd) {
    char path[PATH_MAX];
    int kept = errno;
    path_of(fd, path);
    errno = kept;
    return decide(name, path);
}

static enum fate decide_at(const char *name, int folder, const char *path) {
    char whole[2 * PATH_MAX];
    if (path[0] == '/') return decide(name, path);
    if (folder == AT_FDCWD) {
        if (!getcwd(whole, PATH_MAX)) return UNHARMED;
    } else {
        path_of(folder, whole);
    }
    size_t length = strlen(whole);
    snprintf(whole + length, sizeof whole - length, "/%s", path);
    return decide(name, whole);
}

/* A call that happens whole or not at all. */
#define WHOLE(decision, call)                    \
    do {                                         \
        enum fate found = decision;              \
        if (found == FAILS) return -1;           \
        __typeof__(call) result = call;          \
        if (found == TORN) end_process();        \
        return result;                           \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t count) {
    enum fate found = decide_fd("write", fd);
    if (found == FAILS) return -1;
    if (found == UNHARMED) return NEXT(write)(fd, bytes, count);
    NEXT(write)(fd, bytes, count / 2);
    end_process();
    return -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    enum fate found = decide_fd("pwrite64", fd);
    if (found == FAILS) return -1;
    if (found == UNHARMED) return NEXT(pwrite64)(fd, bytes, count, at);
    NEXT(pwrite64)(fd, bytes, count / 2, at);
    end_process();
    return -1;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    enum fate found = decide_fd("writev", fd);
    if (found == FAILS) return -1;
    if (found == UNHARMED) return NEXT(writev)(fd, parts, count);
    NEXT(writev)(fd, parts, (count + 1) / 2);
    end_process();
    return -1;
}

int fsync(int fd) { WHOLE(decide_fd("fsync", fd), NEXT(fsync)(fd)); }

int fdatasync(int fd) { WHOLE(decide_fd("fdatasync", fd), NEXT(fdatasync)(fd)); }

int syncfs(int fd) { WHOLE(decide_fd("syncfs", fd), NEXT(syncfs)(fd)); }

int ftruncate64(int fd, off64_t length) {
    WHOLE(decide_fd("ftruncate64", fd), NEXT(ftruncate64)(fd, length));
}

int rename(const char *from, const char *to) {
    WHOLE(decide_at("rename", AT_FDCWD, to), NEXT(rename)(from, to));
}

int renameat2(int old, const char *from, int new, const char *to, unsigned flags) {
    WHOLE(decide_at("renameat2", new, to), NEXT(renameat2)(old, from, new, to, flags));
}

int link(const char *from, const char *to) {
    WHOLE(decide_at("link", AT_FDCWD, to), NEXT(link)(from, to));
}

int linkat(int old, const char *from, int new, const char *to, int flags) {
    WHOLE(decide_at("linkat", new, to), NEXT(linkat)(old, from, new, to, flags));
}

int symlink(const char *from, const char *to) {
    WHOLE(decide_at("symlink", AT_FDCWD, to), NEXT(symlink)(from, to));
}

int mkdir(const char *path, mode_t mode) {
    WHOLE(decide_at("mkdir", AT_FDCWD, path), NEXT(mkdir)(path, mode));
}

int rmdir(const char *path) { WHOLE(decide_at("rmdir", AT_FDCWD, path), NEXT(rmdir)(path)); }

int unlink(const char *path) { WHOLE(decide_at("unlink", AT_FDCWD, path), NEXT(unlink)(path)); }

int unlinkat(int folder, const char *path, int flags) {
    WHOLE(decide_at("unlinkat", folder, path), NEXT(unlinkat)(folder, path, flags));
}

/* Opening counts if it may create the file. */
#define OPEN(name, folder, path, flags, call)                              \
    do {                                                                   \
        if (!((flags) & O_CREAT)) return call;                             \
        WHOLE(decide_at(name, folder, path), call);                        \
    } while (0)

static mode_t mode_of(int flags, va_list rest) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define MODE                     \
    va_list rest;                \
    va_start(rest, flags);       \
    mode_t mode = mode_of(flags, rest); \
    va_end(rest)

int open(const char *path, int flags, ...) {
    MODE;
    OPEN("open", AT_FDCWD, path, flags, NEXT(open)(path, flags, mode));
}

int open64(const char *path, int flags, ...) {
    MODE;
    OPEN("open64", AT_FDCWD, path, flags, NEXT(open64)(path, flags, mode));
}

int openat(int folder, const char *path, int flags, ...) {
    MODE;
    OPEN("openat", folder, path, flags, NEXT(openat)(folder, path, flags, mode));
}

int openat64(int folder, const char *path, int flags, ...) {
    MODE;
    OPEN("openat64", folder, path, flags, NEXT(openat64)(folder, path, flags, mode));
}
