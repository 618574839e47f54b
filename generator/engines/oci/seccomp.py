"""The system-call filter: what is on the list may be called, everything else is refused.

It is narrower than the engine's own default. Of what that allows, this refuses every socket family but four (so no
AF_VSOCK to the hypervisor and no AF_ALG), 32-bit system calls (whose `socketcall` cannot be filtered by family),
changes of the clock, file handles, vmsplice, fanotify and local descriptor tables. io_uring is refused as well, and
so is a new namespace of any kind. `ptrace` stays: people debug programs in a sandbox, and it reaches only processes
of the same container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ENOSYS = 38
EPERM = 1

# Only 64-bit calls of two architectures: a 32-bit program is ended by the kernel.
ARCHITECTURES = ("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64")

# The four families that programs in a sandbox use; AF_NETLINK is how they list addresses and routes.
SOCKET_FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}

# Every CLONE_NEW… flag that clone() takes.
NAMESPACE_FLAGS = 0x7E020000

# PER_LINUX, PER_LINUX32 (what `linux32` asks for), and the question "which one is it now".
PERSONALITIES = (0x0, 0x8, 0xFFFFFFFF)

# What may be called with any arguments, by the reason for it. Names of one architecture only are skipped on the other.
ALLOWED: dict[str, str] = {
    "read and write open files": """
        close close_range copy_file_range dup dup2 dup3 fadvise64 fallocate fcntl fdatasync flock fsync ftruncate ioctl
        lseek pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readv sendfile splice sync
        sync_file_range sync_file_range2 syncfs tee truncate write writev
    """,
    "work with files and folders": """
        access chdir chmod chown creat faccessat faccessat2 fchdir fchmod fchmodat fchmodat2 fchown fchownat fstat
        fstatfs futimesat getcwd getdents getdents64 lchown link linkat lstat mkdir mkdirat mknod mknodat newfstatat
        open openat openat2 readlink readlinkat rename renameat renameat2 rmdir stat statfs statx symlink symlinkat
        umask unlink unlinkat utime utimensat utimes
    """,
    "extended attributes": """
        fgetxattr flistxattr fremovexattr fsetxattr getxattr lgetxattr listxattr llistxattr lremovexattr lsetxattr
        removexattr setxattr
    """,
    "watch files": "inotify_add_watch inotify_init inotify_init1 inotify_rm_watch",
    "memory": """
        brk madvise membarrier memfd_create mincore mlock mlock2 mlockall mmap mprotect mremap mseal msync munlock
        munlockall munmap pkey_alloc pkey_free pkey_mprotect map_shadow_stack
    """,
    "start and end processes": """
        arch_prctl execve execveat exit exit_group fork kill pidfd_open pidfd_send_signal prctl prlimit64
        process_mrelease restart_syscall rseq set_robust_list set_tid_address tgkill tkill vfork wait4 waitid
        get_robust_list
    """,
    "signals": """
        alarm pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
        rt_tgsigqueueinfo sigaltstack signalfd signalfd4
    """,
    "who am I": """
        capget getegid geteuid getgid getgroups getpgid getpgrp getpid getppid getresgid getresuid getsid gettid getuid
        setpgid setsid
    """,
    "become somebody else: useless without capabilities, but programs that drop theirs call them": """
        capset setfsgid setfsuid setgid setgroups setregid setresgid setresuid setreuid setuid
    """,
    "schedule and count": """
        getcpu getitimer getpriority getrlimit getrusage ioprio_get ioprio_set sched_get_priority_max
        sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
        sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield setitimer setpriority setrlimit
        sysinfo times uname
    """,
    "read the clock and wait": """
        clock_getres clock_gettime clock_nanosleep gettimeofday nanosleep time timer_create timer_delete
        timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime
    """,
    "wait for many things": """
        epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 futex futex_requeue
        futex_wait futex_waitv futex_wake poll ppoll pselect6 select
    """,
    "sockets that are open": """
        accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg sendmsg
        sendto setsockopt shutdown
    """,
    "messages and memory between processes: fakeroot and databases need System V's": """
        mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd semctl semget
        semop semtimedop shmat shmctl shmdt shmget
    """,
    "asynchronous files, of the old kind that databases use": """
        io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit
    """,
    "confine itself further": "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp",
    "random numbers": "getrandom",
}

# A capability that a profile may name, and the calls that are of no use without it.
ALLOWED_WITH = {"SYS_CHROOT": "chroot"}

# Before 4.8 a traced process could step around its own filter.
DEBUGGING = "process_vm_readv process_vm_writev ptrace"

Rule = dict[str, Any]


def seccomp_document(capabilities: Iterable[str] = ()) -> dict[str, Any]:
    """The filter as the engine reads it, for a container with these capabilities."""
    rules = [_allow(names.split(), why) for why, names in ALLOWED.items()]
    rules.append(_allow(DEBUGGING.split(), "debug one's own processes") | {"includes": {"minKernel": "4.8"}})
    rules += [
        _allow(ALLOWED_WITH[name].split(), f"the capability {name}") for name in capabilities if name in ALLOWED_WITH
    ]
    rules += [_allow(["socket"], family, _equals(0, value)) for family, value in SOCKET_FAMILIES.items()]
    rules.append(_allow(["socketpair"], "AF_UNIX", _equals(0, SOCKET_FAMILIES["AF_UNIX"])))
    rules += [_allow(["personality"], f"{value:#x}", _equals(0, value)) for value in PERSONALITIES]
    no_flags = {"index": 0, "value": NAMESPACE_FLAGS, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}
    rules.append(_allow(["clone"], "threads and processes, but no new namespace", no_flags))
    # clone3 hides its flags behind a pointer, where no filter sees them. "No such call" sends the C library to clone.
    rules.append({"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS, "comment": "use clone"})
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": EPERM,
        "archMap": [{"architecture": name, "subArchitectures": []} for name in ARCHITECTURES],
        "syscalls": rules,
    }


def _allow(names: list[str], why: str, argument: Rule | None = None) -> Rule:
    rule: Rule = {"names": sorted(names), "action": "SCMP_ACT_ALLOW", "comment": why}
    return rule | ({"args": [argument]} if argument else {})


def _equals(index: int, value: int) -> Rule:
    return {"index": index, "value": value, "op": "SCMP_CMP_EQ"}
