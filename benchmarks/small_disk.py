"""A small disk for PostgreSQL that can be filled to the last byte."""

import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

MEGABYTES = 400
_REFILL_SECONDS = 0.02


@dataclass
class Disk:
    """A separate file system, in memory."""

    folder: Path
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Keep the disk full, also when PostgreSQL gives space back."""
        self._stop.clear()
        filler = threading.Thread(target=self._fill)
        filler.start()
        try:
            yield
        finally:
            self._stop.set()
            filler.join()

    def _fill(self) -> None:
        ballast = self.folder / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file:
                _write_until_full(file, bytes(1 << 20))
                _write_until_full(file, bytes(1 << 12))
                while not self._stop.wait(_REFILL_SECONDS):
                    _write_until_full(file, bytes(1 << 12))
        finally:
            ballast.unlink()


def _write_until_full(file: FileIO, block: bytes) -> None:
    # The last block may be written in part.
    with suppress(OSError):
        while file.write(block) == len(block):
            pass


@contextmanager
def small_disk() -> Iterator[Disk | None]:
    """Yield a mounted disk; None, and say so, where mounting is not allowed."""
    with tempfile.TemporaryDirectory(prefix="disk-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=755", "tmpfs", folder]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as refused:
            print(f"NOT TRIED: a full disk. It needs the right to mount one (root): {refused}", flush=True)
            yield None
            return
        try:
            yield Disk(Path(folder))
        finally:
            subprocess.run(["umount", folder], check=True)
