// What a container runtime itself needs between loading the filter and starting the program, and the kernel for any program at all. Measured by starting
// containers under a filter of nothing else (profile.test) and united with the calls of the Go runtime on other kernels.

import { namesOf } from "../names.ts";

export const runtimes = ["runc", "crun"] as const;
export type Runtime = (typeof runtimes)[number];

export interface RuntimeBase {
  /** What it is of. */
  readonly version: string;
  readonly systemCalls: readonly string[];
}

/** Start, end and signals of any program with either C library. */
const anyProgram = namesOf(`
    arch_prctl brk execve exit exit_group rt_sigreturn restart_syscall set_tid_address set_robust_list rseq mmap
    mprotect munmap read close fstat openat pread64 prlimit64 getrandom access faccessat newfstatat
  `);

export const runtimeBases: Readonly<Record<Runtime, RuntimeBase>> = {
  runc: {
    version: "runc 1.1 to 1.3",
    systemCalls: [
      ...anyProgram,
      // Credentials and capabilities, set after the filter when privileges may be gained.
      ...namesOf(`
        capget capset prctl setgid setgroups setuid setresgid setresuid getuid getgid
      `),
      // Descriptors: the start signal, the last checks, closing what the container must not inherit.
      ...namesOf(`
        chdir close_range dup3 epoll_create1 epoll_ctl epoll_pwait eventfd2 fchdir fchown fcntl fstatfs getcwd
        getdents64 lseek openat2 pipe2 readlinkat stat statfs statx umask write faccessat2 fchmodat setsid ioctl
      `),
      // The Go runtime's threads, timers and signals.
      ...namesOf(`
        clock_gettime clone futex getpid getppid gettid madvise mincore nanosleep rt_sigaction rt_sigprocmask
        sched_getaffinity sched_yield sigaltstack tgkill kill timer_create timer_delete timer_settime uname
      `),
    ],
  },
  crun: {
    version: "crun 1.8 to 1.20",
    systemCalls: [
      ...anyProgram,
      ...namesOf(`
        capget capset prctl setgid setgroups setuid setresgid setresuid getuid getgid chdir close_range dup2 dup3
        fchdir fchown fcntl fstatfs getcwd getdents64 lseek openat2 readlink readlinkat recvfrom sendto stat statfs
        statx umask write writev faccessat2 setsid ioctl rt_sigaction rt_sigprocmask sigaltstack getpid getppid gettid
        futex tgkill kill clock_gettime uname
      `),
    ],
  },
};
