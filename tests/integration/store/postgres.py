"""A PostgreSQL server of its own for the tests, on a socket in a temporary folder."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER_USER = "postgres"  # the server refuses to run as the superuser


def missing() -> str:
    """Say why there can be no server; empty if there can."""
    if find("initdb") is None:
        return "no PostgreSQL server (initdb) on this machine"
    if os.geteuid() == 0 and not _has_user():
        return "PostgreSQL does not run as root, and there is no user postgres"
    return ""


def find(program: str) -> str | None:
    """Find a server program, which distributions keep out of the search path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(program, path=os.pathsep.join([*map(str, folders), os.environ["PATH"]]))


def _has_user() -> bool:
    return SERVER_USER in {entry.pw_name for entry in pwd.getpwall()}


@contextmanager
def server() -> Iterator[str]:
    """Run a server; gives the URL of an empty database."""
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        folder = Path(name)
        user = SERVER_USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        folder.chmod(0o755)
        data = folder / "data"
        _run(user, "initdb", "-D", str(data), "-U", "tester", "-A", "trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        log = str(folder / "log")
        _run(user, "pg_ctl", "-D", str(data), "-l", log, "-w", "-o", options, "start")
        try:
            yield f"postgresql://tester@/postgres?host={folder}"
        finally:
            _run(user, "pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")


def _run(user: str, program: str, *arguments: str) -> None:
    as_user = {"user": user} if os.geteuid() == 0 else {}
    path = find(program) or program
    subprocess.run(
        [path, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60, **as_user
    )
