"""What the microVM's host side reads comes from a guest that is not trusted: whatever it is, the host survives it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from microvm import wire
from microvm.channel import Channel, Streams, Words, outcome_of, printable
from microvm.failure import Failure

KINDS = st.sampled_from([wire.OUTPUT, wire.ERRORS, wire.TAKEN, wire.EXIT, wire.WELCOME, b"?"])
AWKWARD = st.binary(max_size=300) | st.lists(st.sampled_from([b"\xc0", b"\xdb", b"\xdc", b"\xdd", b"a"])).map(b"".join)


@given(st.lists(st.tuples(KINDS, AWKWARD)), st.integers(1, 7))
def test_what_is_sent_arrives_however_it_is_cut(sent: list[tuple[bytes, bytes]], step: int) -> None:
    data = b"".join(wire.encode(*frame) for frame in sent)
    decoder = wire.Decoder()
    assert [frame for at in range(0, len(data), step) for frame in decoder.feed(data[at : at + step])] == sent


@given(st.binary(max_size=500), AWKWARD)
def test_after_any_noise_the_next_frame_is_read_whole(noise: bytes, body: bytes) -> None:
    assert wire.Decoder().feed(noise + wire.encode(wire.OUTPUT, body))[-1] == (wire.OUTPUT, body)


@given(st.binary())
def test_data_of_any_length_becomes_frames_of_bounded_length(data: bytes) -> None:
    data = data * 400
    found = wire.Decoder().feed(wire.frames(wire.INPUT, data))
    assert b"".join(body for _, body in found) == data
    assert all(len(body) <= wire.LIMIT for _, body in found)


def test_a_frame_without_an_end_is_not_kept() -> None:
    decoder = wire.Decoder()
    decoder.feed(bytes(2 * wire.LIMIT))
    with pytest.raises(wire.Nonsense):
        decoder.feed(bytes(wire.LIMIT))
    assert decoder.feed(wire.encode(wire.OUTPUT, b"next"))[-1] == (wire.OUTPUT, b"next")


@contextlib.contextmanager
def guest(*answers: bytes, welcome: bool = True) -> Iterator[socket.socket]:
    """A fake guest: says welcome to the hello, then these bytes, and hangs up."""
    ours, theirs = socket.socketpair()

    def answer() -> None:
        with contextlib.suppress(OSError), theirs:
            ((_, word),) = wire.Decoder().feed(theirs.recv(1000))
            theirs.sendall(wire.encode(wire.WELCOME, word) if welcome else b"")
            for data in answers:
                theirs.sendall(data)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield ours
    finally:
        ours.close()
        thread.join()


def ask(connection: socket.socket, limit: float = 2) -> tuple[dict[str, object], bytes]:
    """What a request ends with, and its output."""
    heard: list[bytes] = []
    with Channel(lambda: connection, 2) as channel:
        return channel.ask({"do": "exec"}, Streams(heard.append, heard.append), limit), b"".join(heard)


@settings(max_examples=150)
@given(st.lists(st.binary(max_size=400) | st.tuples(KINDS, AWKWARD).map(lambda frame: wire.encode(*frame))))
def test_whatever_the_guest_sends_it_is_an_answer_or_a_failure(answers: list[bytes]) -> None:
    with guest(*answers) as connection:
        try:
            outcome, _ = ask(connection)
        except Failure:
            return
    assert outcome.keys() <= {"code", "error"}
    assert isinstance(outcome["code"], int)
    assert 0 <= outcome["code"] <= 255


def test_an_honest_guest_is_understood() -> None:
    end = wire.encode(wire.EXIT, b"7 ")
    with guest(wire.encode(wire.OUTPUT, b"a"), wire.encode(wire.ERRORS, b"b") + end) as connection:
        assert ask(connection) == ({"code": 7, "error": ""}, b"ab")


def test_noise_before_the_welcome_is_somebody_elses() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"\xdb\xdb rest of a frame" + wire.encode(wire.WELCOME, b"another") + bytes(3 * wire.LIMIT))

    def answer() -> None:
        ((_, word),) = wire.Decoder().feed(theirs.recv(1000))
        theirs.sendall(wire.encode(wire.WELCOME, word) + wire.encode(wire.EXIT, b"0 "))

    thread = threading.Thread(target=answer)
    thread.start()
    assert ask(ours)[0]["code"] == 0
    thread.join()
    theirs.close()


def test_a_guest_that_says_nothing_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("microvm.channel.LATE", 0.1)
    ours, theirs = socket.socketpair()
    with theirs, pytest.raises(Failure, match="does not answer"):
        Channel(lambda: ours, 0.2)
    with guest() as connection, pytest.raises(Failure, match="the machine ended"):
        ask(connection)


def test_a_guest_that_missed_the_connection_is_told_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("microvm.channel.AGAIN", 0.1)
    deaf, theirs = socket.socketpair()
    with theirs, guest(wire.encode(wire.EXIT, b"7 ")) as connection:
        connections = iter((deaf, connection))
        with Channel(lambda: next(connections), 10) as channel:
            assert channel.ask({"do": "exec"}, Streams(lambda _: None, lambda _: None))["code"] == 7
        assert deaf.fileno() == -1


def test_noise_without_end_is_given_up() -> None:
    ours, theirs = socket.socketpair()

    def flood() -> None:
        with contextlib.suppress(OSError):
            while True:
                theirs.sendall(b"\xc0 noise " * 1000)

    thread = threading.Thread(target=flood)
    thread.start()
    with pytest.raises(Failure, match="does not answer"):
        Channel(lambda: ours, 30)
    ours.close()
    thread.join()
    theirs.close()


OUTCOMES = ["", " ", "x", "-1", "256", "0x1", "1.0", "\xb2", "9" * 10_000, "0\n", "+1", "None"]


@pytest.mark.parametrize("body", OUTCOMES)
def test_an_end_that_makes_no_sense_is_a_failure(body: str) -> None:
    with pytest.raises(Failure, match="makes no sense"):
        outcome_of(body.encode("latin-1"))


def test_words_of_the_guest_steer_no_terminal_and_fill_no_memory() -> None:
    words = Words()
    for _ in range(1000):
        words(b"\x1b[31m" * 1000)
    assert len(str(words)) == 300
    assert "\x1b" not in str(words)
    assert printable("a\x1b[31m\r\nb\u202ec") == "a?[31m??b?c"
    assert len(printable("x" * 10_000)) == 300
