"""Hosts of a test's own on this machine, made of name spaces.

They share a network that holds nothing but its loopback. Each has processes, a name and a home of
its own, so what runs there finds and stops no Ray but its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

_NETWORK = ("unshare", "--net", "--mount", "sh", "-ec")
_HOST = "unshare --pid --fork --mount-proc --uts --kill-child"
_LOOPBACK = (
    "import fcntl, socket, struct;"
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14s', b'lo', 0x49, b''))"  # lo up
)


def can_be_made() -> bool:
    """Whether this process may make them."""
    if shutil.which("unshare") is None:
        return False
    tried = [*_NETWORK, f"{_HOST} hostname tried"]
    return subprocess.run(tried, capture_output=True).returncode == 0


def run(scripts: Mapping[str, str], folder: Path, seconds: float = 300) -> dict[str, str]:
    """Run a bash script on each host, all at once; return what each said.

    Args:
        scripts: By the host's name; every host's directory is `folder`.
        folder: Where their homes are made, `folder/NAME`.
        seconds: How long they may take together.

    Raises:
        AssertionError: If one fails.
    """
    (folder / "hosts").write_text("".join(f"127.0.0.1 {name}\n" for name in scripts))
    commands = [f"{sys.executable} -c {_LOOPBACK!r}", "mount --bind hosts /etc/hosts"]
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as short:  # sockets' paths are short
        for name, script in scripts.items():
            (folder / name / ".ray").mkdir(parents=True)
            (Path(short) / name).mkdir()
            (folder / f"{name}.sh").write_text(
                f"hostname {name}; export HOME={folder / name} RAY_TMPDIR={short}/{name}\n"
                f"set -e\n{script}\ntouch {name}.ended\n"
            )
            commands.append(f"{_HOST} bash {name}.sh > {name}.told 2>&1 &")
        subprocess.run(
            [*_NETWORK, "\n".join([*commands, "wait"])],
            cwd=folder,
            timeout=seconds,
            check=True,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
    told = {name: (folder / f"{name}.told").read_text() for name in scripts}
    for name in scripts:
        assert (folder / f"{name}.ended").exists(), told
    return told
