"""The system-call filter: facts about what must be refused and what programs cannot do without."""

from collections import Counter
from typing import Any

import pytest

from generator.engines.oci.seccomp import ALLOWED, seccomp_document

REFUSED = {
    "rings that work around filters": "io_uring_setup io_uring_enter io_uring_register",
    "the kernel's own machinery": "bpf perf_event_open userfaultfd kcmp lookup_dcookie syslog uselib nfsservctl",
    "keys, which have no namespace": "add_key request_key keyctl",
    "mounts": "mount umount umount2 pivot_root fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr "
    "swapon swapoff chroot listmount statmount",
    "namespaces": "unshare setns",
    "another kernel": "kexec_load kexec_file_load reboot init_module finit_module delete_module create_module",
    "files without names": "name_to_handle_at open_by_handle_at",
    "the clock": "clock_settime clock_adjtime adjtimex settimeofday stime",
    "hardware": "iopl ioperm modify_ldt",
    "accounting and quota": "acct quotactl quotactl_fd",
    "other processes' files and memory": "pidfd_getfd process_madvise move_pages migrate_pages mbind set_mempolicy",
    "watching whole mounts": "fanotify_init fanotify_mark",
    "rarely used, often broken": "vmsplice remap_file_pages memfd_secret sethostname setdomainname vhangup",
    "32-bit calls that hide what they do": "socketcall ipc",
}
NEEDED = {
    "programs and threads": "execve clone fork vfork wait4 exit_group futex set_robust_list rseq arch_prctl prctl",
    "docker's own init": "rt_sigtimedwait rt_sigprocmask kill waitid setpgid",
    "fakeroot": "msgget msgsnd msgrcv msgctl semget semop semctl semtimedop",
    "databases": "shmget shmat shmdt io_setup io_submit fallocate sync_file_range",
    "package tools": "chown fchownat chmod fchmodat2 setresuid setgroups capset mknod symlinkat utimensat",
    "node": "epoll_pwait eventfd2 pipe2 statx copy_file_range getrandom memfd_create",
    "debuggers": "ptrace process_vm_readv process_vm_writev",
    "agents that confine themselves": "landlock_create_ruleset landlock_restrict_self seccomp",
}


def rules(name: str, *capabilities: str) -> list[dict[str, Any]]:
    """Every rule that names a call."""
    return [rule for rule in seccomp_document(capabilities)["syscalls"] if name in rule["names"]]


@pytest.mark.parametrize("why", REFUSED)
def test_it_refuses(why: str) -> None:
    assert [name for name in REFUSED[why].split() if rules(name)] == []


@pytest.mark.parametrize("why", NEEDED)
def test_it_allows(why: str) -> None:
    missing = [name for name in NEEDED[why].split() if not any(r["action"] == "SCMP_ACT_ALLOW" for r in rules(name))]
    assert missing == []


def test_everything_else_is_refused_with_eperm() -> None:
    document = seccomp_document()
    assert (document["defaultAction"], document["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", 1)


def test_only_64_bit_calls_are_known() -> None:
    assert seccomp_document()["archMap"] == [
        {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": []},
        {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": []},
    ]


def test_sockets_are_of_four_families_only() -> None:
    arguments = [rule["args"] for rule in rules("socket")]
    assert arguments == [[{"index": 0, "value": family, "op": "SCMP_CMP_EQ"}] for family in (1, 2, 10, 16)]


def test_clone_makes_no_namespace_and_clone3_is_unknown() -> None:
    (clone,) = rules("clone")
    new_user, new_net, new_pid, new_ns = 0x10000000, 0x40000000, 0x20000000, 0x00020000
    (argument,) = clone["args"]
    assert argument["op"] == "SCMP_CMP_MASKED_EQ"
    assert all(argument["value"] & flag for flag in (new_user, new_net, new_pid, new_ns))
    assert argument["valueTwo"] == 0
    (clone3,) = rules("clone3")
    assert (clone3["action"], clone3["errnoRet"]) == ("SCMP_ACT_ERRNO", 38)


def test_the_personality_stays() -> None:
    assert [rule["args"][0]["value"] for rule in rules("personality")] == [0, 8, 0xFFFFFFFF]


def test_a_call_has_one_reason() -> None:
    counted = Counter(name for names in ALLOWED.values() for name in names.split())
    assert [name for name, count in counted.items() if count > 1] == []
    assert not counted.keys() & {"socket", "socketpair", "personality", "clone", "clone3"}


def test_a_capability_brings_the_calls_that_need_it() -> None:
    assert rules("chroot") == []
    assert len(rules("chroot", "SYS_CHROOT")) == 1
    assert seccomp_document(["NET_RAW"]) == seccomp_document()
