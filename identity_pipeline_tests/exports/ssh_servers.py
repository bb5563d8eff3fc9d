"""SSH servers on the loopback: one of Python's, and OpenSSH's own where it is installed."""

import asyncio
import getpass
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

SSHD = Path("/usr/sbin/sshd")
USER, PASSWORD = "exporter", "s3cret-of-the-exporter"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        url: of the folder that may be written.
        folder: the same folder as this machine sees it.
        host_key: the key the server is known by, as known_hosts writes it.
        known_hosts: a file that holds it.
    """

    url: str
    folder: Path
    host_key: str
    known_hosts: Path


class _Guard(asyncssh.SSHServer):
    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return (username, password) == (USER, PASSWORD)


@contextmanager
def python_server(place, without_posix_rename=False):
    """asyncssh in a thread of its own, with a password."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    folder = place / "served"
    folder.mkdir()
    loop, ready, ports = asyncio.new_event_loop(), threading.Event(), []
    over = asyncio.Event()

    class Served(asyncssh.SFTPServer):
        def __init__(self, channel):
            super().__init__(channel, chroot=str(folder))

        def posix_rename(self, oldpath, newpath):
            if without_posix_rename:
                raise asyncssh.SFTPOpUnsupported("no such extension here")
            return super().posix_rename(oldpath, newpath)

    async def serve():
        server = await asyncssh.create_server(
            _Guard, LOOPBACK, 0, server_host_keys=[key], sftp_factory=Served
        )
        ports.append(server.get_port())
        ready.set()
        await over.wait()
        server.close()
        await server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    def run():
        loop.run_until_complete(serve())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        url = f"sftp://{USER}@{LOOPBACK}:{ports[0]}/out"
        yield _server(url, folder / "out", key.export_public_key().decode().strip(), place)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)


@contextmanager
def openssh_server(place):
    """OpenSSH's sshd, with a key to log in with (`place/user_key`)."""
    for name in ("host_key", "user_key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)]
        subprocess.run(command, check=True)
    (place / "authorized_keys").write_text((place / "user_key.pub").read_text())
    port = _free_port()
    (place / "sshd_config").write_text(
        f"Port {port}\nListenAddress {LOOPBACK}\nHostKey {place}/host_key\n"
        f"AuthorizedKeysFile {place}/authorized_keys\nStrictModes no\nPidFile none\n"
        "PasswordAuthentication no\nUsePAM no\nSubsystem sftp internal-sftp\n"
    )
    command = [str(SSHD), "-D", "-e", "-f", str(place / "sshd_config")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            folder = place / "out"
            host_key = " ".join((place / "host_key.pub").read_text().split()[:2])
            url = f"sftp://{getpass.getuser()}@{LOOPBACK}:{port}{folder}"
            yield _server(url, folder, host_key, place)
        finally:
            process.terminate()


def _server(url, folder, host_key, place):
    port = url.split("/")[2].split(":")[1]
    known = place / "known_hosts"
    known.write_text(f"[{LOOPBACK}]:{port} {host_key}\n")
    return Server(url, folder, host_key, known)


def _free_port():
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def _wait_for(port, process):
    for _ in range(100):
        if process.poll() is not None:
            pytest.skip("OpenSSH's server is installed, but this account cannot start it")
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("sshd does not answer")
