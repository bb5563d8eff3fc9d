"""SFTP to a server whose key is known; fsspec's own file system trusts any."""

from typing import Any

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

SSH_PORT = 22
# Seconds to wait for a server before it is not there.
CONNECT_TIMEOUT = 30


class KnownServer(SFTPFileSystem):  # type: ignore[misc]
    """An SFTP server that shows the key it is known by, or is not spoken to.

    Args:
        host: the server.
        known_hosts: a file of known keys; by default the user's own.
        host_key: its key instead, as `ssh-ed25519 AAAA...`.
        options: as `paramiko.SSHClient.connect`.
    """

    protocol = "sftp"

    def __init__(
        self, host: str, known_hosts: str | None = None, host_key: str | None = None, **options: Any
    ) -> None:
        self._known_hosts = known_hosts
        self._host_key = host_key
        super().__init__(host, **options)

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        if self._host_key is not None:
            self._trust(self._host_key)
        elif self._known_hosts is not None:
            self.client.load_host_keys(self._known_hosts)
        else:
            self.client.load_system_host_keys()
        self.client.connect(self.host, **{"timeout": CONNECT_TIMEOUT, **self.ssh_kwargs})
        self.ftp = self.client.open_sftp()

    def _trust(self, host_key: str) -> None:
        port = self.ssh_kwargs.get("port", SSH_PORT)
        name = self.host if port == SSH_PORT else f"[{self.host}]:{port}"
        try:
            entry = paramiko.hostkeys.HostKeyEntry.from_line(f"{name} {host_key}")
        except paramiko.hostkeys.InvalidHostKey:
            entry = None
        if entry is None or entry.key is None:
            raise paramiko.SSHException("'host_key' is no key: write it as ssh-ed25519 AAAA...")
        self.client.get_host_keys().add(name, entry.key.get_name(), entry.key)

    def mv(self, old: str, new: str, **_: Any) -> None:
        """Rename over a file; on a server that cannot at once, remove the old file first."""
        try:
            self.ftp.posix_rename(old, new)
        except OSError:
            if self.exists(new):
                self.ftp.remove(new)
            self.ftp.rename(old, new)

    def rm_file(self, path: str) -> None:
        """Remove a file."""
        self.ftp.remove(path)
