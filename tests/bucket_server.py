"""An object store of our own: moto as a server, with one bucket in it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.service import free_port, wait_until

BUCKET = "backups"


def _is_there(url: str) -> bool:
    try:
        return httpx.put(f"{url}/{BUCKET}").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def bucket() -> Iterator[str]:
    """Hand out the address of a bucket, which the environment says how to reach."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _is_there(url), "the object store answers", 60)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", url)
            patch.setenv("AWS_REGION", "us-east-1")
            patch.setenv("AWS_ACCESS_KEY_ID", "anybody")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
            yield f"s3://{BUCKET}"
    finally:
        server.terminate()
        server.wait()
