"""The command line of the development server: what it refuses, and in which words."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aioriak.testing.serve import main, parser
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import PING


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "99999"], "from 0 to 65535 is needed, not '99999'"),
        (["--port", "x"], "from 0 to 65535 is needed, not 'x'"),
        (["--port", "65534", "--nodes", "3"], "3 nodes from port 65534 on need ports above 65535"),
        (["--nodes", "0"], "from 1 to 100 is needed, not '0'"),
        (["--ring-size", "7"], "a power of two, not '7'"),
        (["--delete-mode", "soon"], "keep or immediate is needed, not 'soon'"),
        (["--delete-mode", "-1"], "keep or immediate is needed, not '-1'"),
        (["--delete-mode", "nan"], "keep or immediate is needed, not 'nan'"),
        (["--bucket-type", "maps=datatype:mpa"], "mpa not supported for bucket datatype property"),
        (["--bucket-type", "fast=nval:1"], "unknown bucket property: nval"),
        (["--bucket-type", "fast=n_val"], "not a property and its value: 'n_val'"),
        (["--bucket-type", "fast=n_val:abc"], "n_val is a whole number, not abc"),
        (["--bucket-type", "fast=n_val:true"], "n_val is a whole number, not true"),
        (["--bucket-type", "fast=allow_mult:3"], "allow_mult is true or false, not 3"),
        (["--bucket-type", "=n_val:1"], "a bucket type without a name"),
        (["--log", "all"], "invalid choice: 'all'"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_a_bad_option_is_an_error_in_words(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert words in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("option", "name", "words"),
    [
        ("--data", "none/riak.db", "there is no folder"), ("--data", ".", "unable to open database file"),
        ("--security", "none.toml", "No such file or directory"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_an_error_with_its_name(
    option: str, name: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    assert main(["--port", "0", option, str(path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"aioriak serve: {path}: ")
    assert words in said


def test_the_commands_of_the_documentation_have_valid_options() -> None:
    docs = Path(__file__).parents[3] / "docs"
    text = "".join((docs / folder / "testing.rst").read_text() for folder in ("howto", "reference"))
    commands = re.findall(r"aioriak serve(( --[\w-]+( [\w./=:,]+)?)*)(?=[\"\n` ])", text)
    assert len(commands) >= 5
    for options, *_ in commands:
        parser().parse_args(options.split())


@pytest.mark.parametrize("extra", [[], ["--log", "requests"]], ids=["plain", "log"])
def test_a_server_whose_output_nobody_reads_goes_on_and_ends_well(extra: list[str]) -> None:
    command = [sys.executable, "-m", "aioriak", "serve", "--port", "0", *extra]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        port = int(process.stdout.readline().rsplit(b":", 1)[1])
        process.stdout.close()
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port), 10) as client:
                client.sendall(encode_frame(PING.request_code))
                assert client.recv(100) == encode_frame(PING.reply_code)
        process.send_signal(signal.SIGTERM)
        assert process.stderr.read() == b""
        assert process.wait(10) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs a loopback address of its own")
@pytest.mark.parametrize("stream", [1, 2])
def test_a_server_without_output_serves(stream: int) -> None:
    """The stream is closed before the server starts, as by ``>&-`` in a shell.

    It cannot say which port it found, so it gets an address that no other test uses.
    """
    pid, port = os.getpid(), 18087 + stream
    host = f"127.{1 + (pid >> 16) % 250}.{(pid >> 8) & 255}.{pid & 255}"
    program = (
        f"import os, sys; os.close({stream}); os.execv(sys.executable, "
        f"[sys.executable, '-m', 'aioriak', 'serve', '--host', '{host}', '--port', '{port}', '--log', 'requests'])"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while True:
            try:
                client = socket.create_connection((host, port), 10)
                break
            except ConnectionError:
                assert time.monotonic() < deadline
                assert process.poll() is None
        with client:
            client.sendall(encode_frame(PING.request_code))
            assert client.recv(100) == encode_frame(PING.reply_code)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
        assert b"Traceback" not in out + err
        assert process.returncode == 0
