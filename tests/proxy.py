"""A real nginx in front of a service, as `proxy_pass` alone sets it up."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.service import free_port, wait_until
from tests.tools import required

_CONFIG = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream several {{
    {servers}
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://{upstream};
    }}
  }}
}}
"""


@contextmanager
def behind_nginx(folder: Path, *upstreams: int) -> Iterator[httpx.Client]:
    """Yield a client that reaches a port of this machine, or any of several, through nginx."""
    folder.mkdir()
    port = free_port()
    config = folder / "nginx.conf"
    names = [f"127.0.0.1:{upstream}" for upstream in upstreams]
    upstream = names[0] if len(names) == 1 else "several"
    servers = " ".join(f"server {name} max_fails=0;" for name in names)
    config.write_text(_CONFIG.format(folder=folder, port=port, upstream=upstream, servers=servers))
    process = subprocess.Popen([required("nginx"), "-c", str(config), "-p", str(folder)])
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    try:
        wait_until(lambda: _answers(client), "nginx answers")
        yield client
    finally:
        client.close()
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health/live").status_code == 200
    except httpx.TransportError:
        return False
