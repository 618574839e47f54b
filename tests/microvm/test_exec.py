"""Commands in the machine: as if they ran here, but with no way out."""

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.microvm.machines import LIMIT, Vm, eventually, ordinary

CODES = {
    "true": 0,
    "exit 7": 7,
    "exit 255": 255,
    "kill -KILL $$": 137,
    "kill -TERM $$": 143,
    "no-such-program": 127,
}


BOMB = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"


@pytest.mark.parametrize(("script", "code"), CODES.items())
def test_the_exit_code_is_the_commands(vm: Vm, script: str, code: int) -> None:
    assert vm.run("exec", "--", "/bin/sh", "-c", script, check=False).returncode == code


@pytest.mark.parametrize(("program", "code"), [("no-such-program", 127), ("/proc/version", 126), ("/etc", 126)])
def test_what_cannot_be_started_is_told_apart(vm: Vm, program: str, code: int) -> None:
    done = vm.run("exec", "--", program, check=False)
    assert (done.returncode, done.stdout) == (code, b"")
    assert done.stderr.startswith(b"gen: ")


def test_the_two_outputs_stay_apart(vm: Vm) -> None:
    done = vm.run("exec", "--", "/bin/sh", "-c", "echo out; echo err >&2; echo out2")
    assert (done.stdout, done.stderr) == (b"out\nout2\n", b"err\n")


def test_ten_million_bytes_go_through_as_they_are(vm: Vm) -> None:
    # Every byte, those that frame and those that escape included.
    data = bytes(range(256)) * 4000 + b"\xc0\xdb\xdc\xdd" * 1000 + os.urandom(9_000_000)
    assert vm.run("exec", "--", "cat", data=data).stdout == data


def test_a_command_that_does_not_read_does_not_hang(vm: Vm) -> None:
    assert vm.run("exec", "--", "true", data=bytes(2_000_000)).returncode == 0


def test_environment_and_place(vm: Vm) -> None:
    assert vm.inside('pwd; echo "$A:$HOME"; cd / && pwd', "--env", "A=b c") == "/workspace\nb c:/tmp\n/\n"
    assert vm.inside("pwd", "--cwd", "/usr") == "/usr\n"


def test_it_runs_as_an_ordinary_user_here_and_there(vm: Vm) -> None:
    here = Path(f"/proc/{vm.status()['pid']}/status").read_text("ascii")
    if ordinary():
        assert "Uid:\t12345\t12345\t12345\t12345" in here
    assert "CapEff:\t0000000000000000" in here
    assert "Seccomp:\t2" in here
    there = vm.inside("id -u; id -g; id -G; cat /proc/self/status").split("\n")
    assert there[:3] == ["1000", "1000", "1000"]
    for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert line in there


def test_set_user_id_does_not_count(vm: Vm) -> None:
    assert "nosuid" in vm.inside("grep ' / overlay' /proc/mounts")
    assert vm.inside("find / -xdev -perm /6000 2>/dev/null | head", check=False) == ""


REACHING = {
    "TCP": ("socket.create_connection(('192.0.2.1', 80), 3)", "OSError 101"),
    "DNS": ("socket.getaddrinfo('example.org', 80)", "gaierror"),
    "UDP": ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))", "OSError 101"),
    "ICMP": ("socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", "PermissionError 1"),
    "vsock": ("socket.socket(40, socket.SOCK_STREAM)", "PermissionError 1"),
    "AF_ALG": ("socket.socket(38, socket.SOCK_SEQPACKET)", "PermissionError 1"),
    "io_uring": ("ctypes.CDLL(None, use_errno=True).syscall(425, 1, 0) >= 0 or error(ctypes.get_errno())", "OSError 1"),
    "userns": ("ctypes.CDLL(None, use_errno=True).unshare(0x10000000) == 0 or error(ctypes.get_errno())", "OSError 28"),
    # The control: what is not forbidden works.
    "loopback": ("socket.create_server(('127.0.0.1', 0))", "done"),
}
REACH = """
import ctypes, os, socket
def error(number): raise OSError(number, os.strerror(number)) if number == 28 else OSError(number, '')
try:
    {}
    print('done')
except OSError as error:
    print(type(error).__name__ if isinstance(error, socket.gaierror) else f'{{type(error).__name__}} {{error.errno}}')
"""


@pytest.mark.parametrize("what", REACHING)
def test_there_is_no_way_out(vm: Vm, what: str) -> None:
    expression, expected = REACHING[what]
    said = vm.run("exec", "--", "python3", "-c", REACH.format(expression)).stdout.decode().strip()
    assert said.replace("PermissionError", "OSError") == expected.replace("PermissionError", "OSError")


def test_there_is_no_device_but_the_loopback(vm: Vm) -> None:
    assert vm.inside("ls /sys/class/net").split() == ["lo"]
    assert vm.inside("cat /proc/net/route").splitlines()[1:] == []


def test_the_agents_own_things_are_out_of_reach(vm: Vm) -> None:
    reached = (
        "for f in /run/gen/settings /dev/vda /dev/vport*p1 /dev/mem /dev/ttyS0; do : <$f && echo $f; done; ls /run/gen"
    )
    assert vm.inside(f"{reached} 2>/dev/null; kill -9 1 2>/dev/null && echo killed", check=False) == ""


def test_a_command_that_takes_too_long_is_ended_with_all_its_children(vm: Vm) -> None:
    script = "busybox setsid busybox setsid sleep 4321 & trap '' TERM; while :; do sleep 1; done"
    assert vm.run("exec", "--timeout", "2", "--", "/bin/sh", "-c", script, check=False).returncode == 124
    assert vm.inside("pgrep -f 'sleep 432[1]'", check=False) == ""


def test_a_signal_reaches_the_command(vm: Vm) -> None:
    script = "trap 'echo got it; exit 9' TERM; echo ready; while :; do sleep 0.1; done"
    words = vm.words("exec", "--", "/bin/sh", "-c", script)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as call:
        assert call.stdout
        assert call.stdout.readline() == b"ready\n"
        call.send_signal(signal.SIGTERM)
        assert call.stdout.read() == b"got it\n"
    assert call.returncode == 9


def test_the_end_of_the_caller_is_the_end_of_the_command(vm: Vm) -> None:
    with subprocess.Popen(vm.words("exec", "--", "sleep", "7654"), stdin=subprocess.DEVNULL) as call:
        assert eventually(lambda: vm.inside("pgrep -f 'sleep 765[4]'", check=False))
        call.kill()
    assert eventually(lambda: not vm.inside("pgrep -f 'sleep 765[4]'", check=False))


def test_what_was_left_in_a_lane_is_not_the_next_ones(vm: Vm) -> None:
    with subprocess.Popen(vm.words("exec", "--", "yes"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as call:
        assert call.stdout
        call.stdout.read(100_000)
        call.kill()
    assert vm.inside("echo mine") == "mine\n"


def test_several_at_a_time_and_no_more_than_there_is_room_for(vm: Vm) -> None:
    sleepers = [subprocess.Popen(vm.words("exec", "--", "sleep", "300"), stdin=subprocess.DEVNULL) for _ in range(6)]
    try:
        full = lambda: vm.run("exec", "--wait", "0.1", "--", "true", check=False).returncode == 4  # noqa: E731
        assert eventually(full, limit=LIMIT)
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda number: vm.inside(f"echo {number}"), range(4)))
    assert said == [f"{number}\n" for number in range(4)]


def test_a_terminal(vm: Vm) -> None:
    done = vm.run("exec", "--tty", "--", "/bin/sh", "-c", "test -t 0 && test -t 1 && stty size")
    assert done.stdout == b"24 80\r\n"
    assert vm.run("exec", "--", "/bin/sh", "-c", "test -t 0", check=False).returncode == 1


def test_a_fork_bomb_stays_inside(vm: Vm) -> None:
    # Ended by its limit of time, or by the kernel for its memory: either way nothing of it is left.
    assert vm.run("exec", "--timeout", "3", "--", "python3", "-c", BOMB, check=False).returncode in (124, 137)
    assert vm.inside("pgrep -u 1000 python3; echo alive") == "alive\n"


def test_a_command_that_is_killed_takes_along_what_it_started(vm: Vm) -> None:
    script = "busybox setsid sleep 9876 & sleep 1; kill -9 $$"
    assert vm.run("exec", "--", "/bin/sh", "-c", script, check=False).returncode == 137
    assert eventually(lambda: not vm.inside("pgrep -f 'sleep 987[6]'", check=False))


def test_what_a_bomb_uses_up_is_not_what_the_agent_needs(vm: Vm) -> None:
    # The processor is shared by group: what only computes does not starve the agent either.
    assert "cpu" in vm.inside("cat /sys/fs/cgroup/cgroup.subtree_control").split()
    # Its first process ends well, so it goes on in the background, as a server would.
    vm.run("exec", "--", "/bin/sh", "-c", 'busybox setsid python3 -c "$0" >/dev/null 2>&1 &', BOMB)
    vm.put_nothing()
    vm.end()


def test_memory_without_end_stays_inside(vm: Vm) -> None:
    hungry = "a = []\nwhile True: a.append(bytearray(b'x' * 10_000_000))"
    assert vm.run("exec", "--", "python3", "-c", hungry, check=False).returncode in (1, 137)
    assert vm.inside("echo alive") == "alive\n"


def test_frozen_nothing_runs_and_thawed_it_goes_on(vm: Vm) -> None:
    vm.run("freeze")
    assert vm.status()["state"] == "frozen"
    refused = vm.run("exec", "--", "true", check=False)
    assert (refused.returncode, b"mend: thaw" in refused.stderr) == (4, True)
    vm.run("thaw")
    assert vm.inside("echo on") == "on\n"
