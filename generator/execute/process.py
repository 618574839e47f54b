"""The one place of `gen` that starts processes."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from generator.errors import ExitCode, GenError
from generator.execute import trust
from generator.execute.events import LineBuffer, Stream, parse_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.execute.commands import Command
    from generator.execute.view import View

TICK = 0.1
PIECE = 1 << 16
# How many pieces are read before anything else gets its turn: a script that never stops talking can be interrupted.
TURN = 16
# Each of them would end gen and leave the script alone: they are passed on instead.
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def drive(command: Command, view: View, signals: list[signal.Signals] | None = None) -> int:
    """Runs the script to its end, shows what it says, and gives its exit code (128 + n when signal n ended it).

    The script has a session of its own, so a Ctrl-C reaches gen alone: the first one is passed on to the script's
    process group, once, and gen waits for what the script makes of it. Events come through a file, not a pipe: a script
    whose reader is killed writes on into the file, where a pipe would stop it half way.
    `signals` is a list that somebody else fills with what is to be passed on; without it, our own signals are.
    Raises GenError (exit code 4) when the bundle is not whole and this user's, or bash cannot be started.
    """
    trust.require_whole(command.bundle.path)
    with tempfile.TemporaryDirectory(prefix="gen-", ignore_cleanup_errors=True) as folder:
        events = Path(folder) / "events"
        events.touch(0o600)
        collected = _signals() if signals is None else contextlib.nullcontext(signals)
        with events.open("rb", buffering=0) as reading, collected as caught:
            process = _started(command, events)
            view.begin()
            try:
                code = _follow(_Script(process=process, events=reading.fileno(), view=view, signals=caught))
            finally:
                _leave(process)
            view.end(code)
            return code


def become(command: Command, *, quiet: bool = False) -> NoReturn:
    """Makes this process the script: terminal, signals and exit code are the script's own from here.

    Raises GenError (exit code 4) when the bundle is not whole and this user's, or bash cannot be started.
    """
    trust.require_whole(command.bundle.path)
    sys.stdout.flush()
    sys.stderr.flush()
    # Python ignores a broken pipe, and a process that takes its place would go on doing so.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if quiet:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        os.execvp(command.argv[0], command.argv)
    except OSError as error:
        raise _no_bash(error) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a program said, and its exit code: 124 when it took too long, 127 when there is none."""

    code: int
    text: str


def ask(*argv: str, limit: float) -> Answer:
    """Asks a program that changes nothing, standard error included, and never waits longer than the limit."""
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
    except OSError as error:
        return Answer(code=127, text=error.strerror or "")
    with process:
        try:
            said = process.communicate(timeout=limit)[0]
        except subprocess.TimeoutExpired:
            # Its children as well: one that holds the pipe would be waited for.
            os.killpg(process.pid, signal.SIGKILL)
            return Answer(code=124, text="")
    return Answer(code=process.returncode, text=said.decode("utf-8", "replace"))


@contextlib.contextmanager
def beside(*argv: str, said: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs for as long as the block, in a session of its own; what it says goes to that file.

    Raises OSError when it cannot be started.
    """
    with said.open("wb") as log:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@dataclass(slots=True, kw_only=True)
class _Script:
    """A script at work, and what came from it so far."""

    process: subprocess.Popen[bytes]
    events: int
    view: View
    signals: list[signal.Signals]
    passed_on: bool = False
    lines: dict[Stream, LineBuffer] = field(default_factory=lambda: {"stdout": LineBuffer(), "stderr": LineBuffer()})
    event_lines: LineBuffer = field(default_factory=LineBuffer)


def _started(command: Command, events: Path) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "GEN_EVENTS": str(events)},
            start_new_session=True,
        )
    except OSError as error:
        raise _no_bash(error) from error


def _no_bash(error: OSError) -> GenError:
    return GenError(
        "The bundle's script cannot be started",
        details=f"bash: {error.strerror}",
        resolution="See that bash is installed and in PATH: command -v bash",
        exit_code=ExitCode.REFUSED,
    )


def _follow(script: _Script) -> int:
    """Shows what comes until the process has ended. A grandchild that keeps a pipe open is not waited for."""
    process, selector = script.process, selectors.DefaultSelector()
    with selector:
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, name)
        while process.poll() is None:
            _pass_on(script)
            _take(script, selector, TICK)
            script.view.tick()
        _take(script, selector, 0)
    for stream, buffer in script.lines.items():
        for line in buffer.rest():
            script.view.line(stream, line)
    code = process.wait()
    return code if code >= 0 else 128 - code


def _take(script: _Script, selector: selectors.BaseSelector, timeout: float) -> None:
    """Shows what is there, events first: a line tells of what an event told before."""
    if not selector.get_map():
        # Both pipes are closed, and the process is about to end.
        with contextlib.suppress(subprocess.TimeoutExpired):
            script.process.wait(timeout)
        ready = []
    else:
        ready = selector.select(timeout)
    _take_events(script)
    for key, _ in ready:
        for piece in _pieces(key.fd):
            if not piece:
                selector.unregister(key.fileobj)
                break
            for line in script.lines[key.data].feed(piece):
                script.view.line(key.data, line)


def _take_events(script: _Script) -> None:
    for _ in range(TURN):
        piece = os.read(script.events, PIECE)
        if not piece:
            return
        for line in script.event_lines.feed(piece):
            event = parse_event(line)
            if event is not None:
                script.view.event(event)


def _pieces(descriptor: int) -> Iterator[bytes]:
    """What can be read without waiting; an empty piece is the end."""
    with contextlib.suppress(BlockingIOError):
        for _ in range(TURN):
            piece = os.read(descriptor, PIECE)
            yield piece
            if len(piece) < PIECE:
                return


def _pass_on(script: _Script) -> None:
    """The first signal goes to the script's process group. Another one would only disturb its rollback."""
    while script.signals:
        number = script.signals.pop(0)
        if script.passed_on:
            script.view.notice("still waiting: the script is undoing what it began, and ends by itself")
            continue
        script.passed_on = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(script.process.pid, number)
        script.view.notice(f"{number.name} was passed on to the script; waiting until it has undone what it began")


@contextlib.contextmanager
def _signals() -> Iterator[list[signal.Signals]]:
    """Collects signals, which the loop then passes on. What our caller ignores (nohup) stays ignored."""
    caught: list[signal.Signals] = []
    before = {number: signal.getsignal(number) for number in PASSED_ON}
    mine = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in mine:
        signal.signal(number, lambda got, _frame: caught.append(signal.Signals(got)))
    try:
        yield caught
    finally:
        for number in mine:
            signal.signal(number, before[number])


def _leave(process: subprocess.Popen[bytes]) -> None:
    """Nobody listens any more, whatever the reason; the script is still waited for, so that nothing is half done."""
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.wait()
