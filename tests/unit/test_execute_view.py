"""From events to what is shown: plain lines, JSON, and the list of a terminal. Nothing that comes in breaks them."""

import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.execute.events import LEFT_OUT, LONGEST_LINE, LineBuffer, parse_event
from generator.execute.live import LiveView
from generator.execute.progress import MOST_STEPS, Phase, Progress, StepProgress, advance, duration
from generator.execute.view import Guard, JsonView, PlainView, QuietView, View
from generator.printable import escaped


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def line(event: str, step: str = "-", **fields: object) -> str:
    return json.dumps({"schema": 1, "run": "r", "event": event, "step": step, "title": f"Title {step}", **fields})


def tell(view: View, *lines: str) -> None:
    for text in lines:
        event = parse_event(text)
        if event is not None:
            view.event(event)


def plain(clock: Clock, progress: Progress | None = None) -> tuple[PlainView, io.StringIO, io.StringIO]:
    out, errors = io.StringIO(), io.StringIO()
    return PlainView(out, errors, progress or Progress(), clock), out, errors


@pytest.mark.parametrize(
    ("story", "shown"),
    [
        ("verifying +1 kept", "  ✓ Title s (holds)\n"),
        ("verifying +1 doing +12 done", "  ✓ Title s (12s)\n"),
        ("verifying doing +75 failed", "  ✗ Title s (1m 15s) log: a.log\n"),
        ("verifying +2 failed", "  ✗ Title s (2.0s) log: a.log\n"),
        ("undoing +3 undone", "  ↩ Title s (3.0s)\n"),
        ("undoing +3 left", "  ! Title s (3.0s) could not be undone log: a.log\n"),
        ("done", "  ✓ Title s\n"),
        ("verifying doing", ""),
        ("unheard-of", ""),
        ("waiting", ""),
        ("run-started run-ended", ""),
    ],
)
def test_a_step_is_one_line(story: str, shown: str) -> None:
    clock = Clock()
    view, out, _ = plain(clock)
    for word in story.split():
        if word.startswith("+"):
            clock.now += float(word)
        else:
            tell(view, line(word, "s", log="a.log" if word in ("failed", "left") else ""))
    assert out.getvalue() == shown


def test_a_long_step_gives_a_sign_of_life_every_half_minute() -> None:
    clock = Clock()
    view, out, _ = plain(clock)
    tell(view, line("verifying", "s"), line("doing", "s"))
    for _ in range(650):
        clock.now += 0.1
        view.tick()
    assert out.getvalue() == "  … Title s: 30s\n  … Title s: 1m 00s\n"


def test_the_scripts_own_progress_is_left_out_only_when_events_tell_it() -> None:
    view, out, errors = plain(Clock())
    view.line("stdout", "  ✓ shown, nothing was told yet")
    tell(view, line("run-started"))
    for text in ("  ✓ told", "  … told: 30s", "  ↩ told", "✓ a check", "  kept: /x", ""):
        view.line("stdout", text)
    view.line("stderr", "  ✓ an error")
    view.notice("a word of gen")
    assert out.getvalue() == "  ✓ shown, nothing was told yet\n✓ a check\n  kept: /x\n\n"
    assert errors.getvalue() == "  ✓ an error\ngen: a word of gen\n"


def test_nothing_that_is_printed_steers_a_terminal() -> None:
    view, out, errors = plain(Clock())
    tell(view, line("done", "s", title="\x1b[2Jbad\r\u202e\x9b"))
    view.line("stdout", "\x1b]0;title\x07")
    view.line("stderr", "tab\tstays, \b goes")
    assert out.getvalue() == "  ✓ \\x1b[2Jbad\\r\\u202e\\x9b\n\\x1b]0;title\\x07\n"
    assert errors.getvalue() == "tab\tstays, \\x08 goes\n"


def test_json_is_what_came_and_ascii() -> None:
    out, errors = io.StringIO(), io.StringIO()
    view = JsonView(out, errors)
    tell(view, line("done", "s", extra={"n": 1}, title="\ud800é\x9b"))
    view.line("stdout", "said")
    view.line("stderr", "an error")
    view.end(3)
    done, end = map(json.loads, out.getvalue().splitlines())
    assert (done["extra"], done["title"]) == ({"n": 1}, "\ud800é\x9b")
    assert end == {"event": "exit", "code": 3}
    assert out.getvalue().isascii()
    assert errors.getvalue() == "an error\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "null",
        "[]",
        '"event"',
        "{}",
        '{"event":1}',
        '{"event":"done","n":NaN}',
        "[" * 100_000,
        "1" * 5000,
        "\0",
    ],
)
def test_what_is_no_event_is_none(text: str) -> None:
    assert parse_event(text) is None


def test_lines_are_whole_however_they_are_cut() -> None:
    buffer = LineBuffer()
    whole = "é1\nzwei\r\n\nlast".encode()
    found = [text for byte in whole for text in buffer.feed(bytes([byte]))]
    assert (found, buffer.rest(), buffer.rest()) == (["é1", "zwei", ""], ("last",), ())


def test_of_a_line_without_end_the_beginning_is_kept_and_nothing_stands_as_a_line_of_its_own() -> None:
    buffer = LineBuffer()
    assert [text for _ in range(40) for text in buffer.feed(b"x" * 10_000)] == []
    assert buffer.feed(b"\nnext\n") == ("x" * LONGEST_LINE + LEFT_OUT, "next")
    assert buffer.feed(b"y" * LONGEST_LINE + b"\n") == ("y" * LONGEST_LINE,)
    assert (buffer.feed(b"z" * LONGEST_LINE + b"1"), buffer.rest()) == ((), ("z" * LONGEST_LINE + LEFT_OUT,))


def test_a_step_that_is_done_again_begins_again() -> None:
    progress = Progress(steps=(StepProgress(step="s", title="From the plan"),))
    for now, name in enumerate(("verifying", "doing", "failed", "undoing", "undone"), 1):
        event = parse_event(json.dumps({"event": name, "step": "s"}))
        assert event is not None
        progress = advance(progress, event, float(now))
    (step,) = progress.steps
    assert (step.title, step.phase, step.took) == ("From the plan", Phase.UNDONE, 1.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.0s"), (0.44, "0.4s"), (9.96, "10.0s"), (59.9, "59s"), (60, "1m 00s"), (3599, "59m 59s"), (3720, "1h 02m")],
)
def test_a_duration_is_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_view_that_cannot_print_is_given_up_and_the_run_is_not() -> None:
    class Broken(QuietView):
        def notice(self, text: str) -> None:
            raise BrokenPipeError

    lost: list[int] = []
    guard = Guard(Broken(io.StringIO()), lambda: lost.append(1))
    guard.notice("x")
    guard.notice("x")
    guard.line("stderr", "x")
    assert lost == [1]


def views() -> list[Callable[[], View]]:
    return [
        lambda: PlainView(io.StringIO(), io.StringIO(), Progress()),
        lambda: JsonView(io.StringIO(), io.StringIO(), lines=True),
        lambda: QuietView(io.StringIO()),
        lambda: LiveView(io.StringIO(), io.StringIO(), Progress()),
        lambda: PlainView(io.TextIOWrapper(io.BytesIO(), "ascii"), io.StringIO(), Progress()),
    ]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)
names = st.sampled_from([*Phase, "run-started", "run-ended"]) | st.text()
made_up = st.fixed_dictionaries(
    {"event": names}, optional={"step": values | st.just("s"), "title": values, "log": values, "result": values}
).map(json.dumps)


@given(pieces=st.lists(st.binary(max_size=60) | made_up.map(lambda text: text.encode() + b"\n"), max_size=12))
def test_no_garbage_in_the_stream_breaks_a_view(pieces: list[bytes]) -> None:
    for make in views():
        view, buffer = make(), LineBuffer()
        view.begin()
        for piece in pieces:
            for text in buffer.feed(piece):
                tell(view, text)
                view.line("stdout", text)
                view.line("stderr", text)
        view.tick()
        view.end(0)


@given(st.text())
def test_escaped_text_is_printable(text: str) -> None:
    assert escaped(text).replace("\t", "").isprintable()


def test_what_nobody_sees_is_written_out_and_letters_stay() -> None:
    assert escaped("a\u115f\ufe0f\U000e0041\u200bé漢🙂") == "a\\u115f\\ufe0f\\U000e0041\\u200bé漢🙂"


def test_garbage_does_not_fill_the_list() -> None:
    view, out, _ = plain(Clock())
    tell(view, *(line("done", f"{number}") for number in range(MOST_STEPS + 50)))
    assert len(out.getvalue().splitlines()) == MOST_STEPS
