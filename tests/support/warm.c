// Loaded before the program (LD_PRELOAD): it waits where `main` begins, with the constructors of
// libtorch behind it, and continues in a copy of itself for each request.
//
// A request is its length in bytes (u32) and strings that end in NUL: the folder to run in, the files
// of standard input, output and error, the number of arguments, these, and the environment. The answer
// is the copy's status as waitpid gives it (int).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int Main(int count, char **arguments, char **environment);

static Main *program;

static int read_all(void *to, size_t count) {
  for (size_t done = 0; done < count;) {
    const ssize_t more = read(STDIN_FILENO, (char *)to + done, count - done);
    if (more <= 0) {
      return 0;
    }
    done += more;
  }
  return 1;
}

static char *next(char **at) {
  char *text = *at;
  *at += strlen(text) + 1;
  return text;
}

static void redirect(int descriptor, const char *path, int flags) {
  const int opened = open(path, flags | O_CLOEXEC);
  if (opened < 0 || dup2(opened, descriptor) < 0) {
    _exit(125);
  }
}

// In the copy: what the request says, then the program.
static _Noreturn void run(char *at, const char *end) {
  if (chdir(next(&at)) != 0) {
    _exit(125);
  }
  // Nothing a test starts takes that long: a program that hangs fails it.
  alarm(600);
  redirect(STDIN_FILENO, next(&at), O_RDONLY);
  redirect(STDOUT_FILENO, next(&at), O_WRONLY | O_APPEND);
  redirect(STDERR_FILENO, next(&at), O_WRONLY | O_APPEND);
  const int count = atoi(next(&at));
  char **arguments = calloc(count + 1, sizeof *arguments);
  for (int i = 0; i < count; i++) {
    arguments[i] = next(&at);
  }
  clearenv();
  while (at < end) {
    putenv(next(&at));
  }
  // Without the destructors of libtorch, which take a tenth of a second.
  _exit(program(count, arguments, environ));
}

static int wait_for_requests(int count, char **arguments, char **environment) {
  (void)count, (void)arguments, (void)environment;
  uint32_t length;
  while (read_all(&length, sizeof length)) {
    char *request = malloc(length);
    if (request == NULL || !read_all(request, length)) {
      break;
    }
    const pid_t copy = fork();
    if (copy == 0) {
      run(request, request + length);
    }
    int status;
    if (copy < 0 || waitpid(copy, &status, 0) < 0 ||
        write(STDOUT_FILENO, &status, sizeof status) < 0) {
      break;
    }
    free(request);
  }
  _exit(0);
}

int __libc_start_main(Main *main, int count, char **arguments, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end) {
  program = main;
  __typeof__(&__libc_start_main) start;
  *(void **)&start = dlsym(RTLD_NEXT, "__libc_start_main");
  return start(wait_for_requests, count, arguments, init, fini, rtld_fini, stack_end);
}
