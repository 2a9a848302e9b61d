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
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.cluster.processes import children, kill, until

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
                f"trap 'test -e {folder / name}.ended || touch {folder / name}.failed' EXIT\n"
                f"set -e\n{script}\ntouch {folder / name}.ended\n"
            )
            commands.append(f"{_HOST} bash {name}.sh > {name}.told 2>&1 &")
        hosts = subprocess.Popen(
            [*_NETWORK, "\n".join([*commands, "wait"])],
            cwd=folder,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
        try:
            until(lambda: hosts.poll() is not None or _failed(folder, scripts), "hosts", seconds)
        finally:
            if hosts.poll() is None:
                for pid in [*children(hosts.pid), hosts.pid]:
                    kill(pid)
                hosts.wait()
    told = {path.stem: path.read_text() for path in folder.glob("*.told")}
    for name in scripts:
        assert (folder / f"{name}.ended").exists(), told
    assert hosts.returncode == 0, told
    return told


def _failed(folder: Path, names: Iterable[str]) -> bool:
    """Whether a host's script has ended before its time: the others would wait for it."""
    return any((folder / f"{name}.failed").exists() for name in names)
