"""The servers under the clock, each a process of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

KEY = "bench-key-0123456789"

NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; keepalive_requests 1000000;
  upstream up {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://up; proxy_http_version 1.1;
    proxy_set_header Connection ""; client_body_buffer_size 64k; }} }} }}
"""

CONFIG = """
version: 1
hosts:
  upstream: {{provider: bench, dialect: openai_chat, base_url: "http://127.0.0.1:{upstream}/v1"}}
models:
  small: {{host: upstream, price: {{input_usd_per_million: 0.10, output_usd_per_million: 0.30}},
    context_window_tokens: 200000, max_output_tokens: 1000, tier: small, capabilities: [streaming]}}
  strong: {{host: upstream, price: {{input_usd_per_million: 3, output_usd_per_million: 12}},
    context_window_tokens: 200000, max_output_tokens: 1000, tier: frontier, capabilities: [streaming]}}
tasks:
  classify:
    risk_level: low
    primary_model: small
    fallback_model: strong
    output: {{labels: [invoice, renewal, tax, legal, other]}}
    limits: {{max_input_tokens: 100000}}
    recognise: {{rules: [{{name: asks-to-classify, keywords: [classify, invoice]}}]}}
  talk: {{risk_level: low, primary_model: small, fallback_model: strong}}
default_task: classify
keys:
  bench: {{secret: "${{env:BENCH_KEY}}"}}
budgets:
  all: {{limit_usd: 1000000, period: day}}
store: {{path: "{folder}/records.db"}}
"""


@dataclass(slots=True)
class Target:
    """A server to measure."""

    name: str
    port: int
    processes: list[subprocess.Popen[bytes]]
    headers: tuple[tuple[str, str], ...] = ()
    """What its requests have to carry beside the key."""

    def cpu_s(self) -> float:
        """User and system time of its processes and their children so far."""
        return sum(_cpu_s(pid) for process in self.processes for pid in _family(process.pid))

    def resident_mb(self) -> float:
        """Resident memory of its processes."""
        return sum(_resident_mb(pid) for process in self.processes for pid in _family(process.pid))

    def stop(self) -> None:
        """End it."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(timeout=40)


def start_upstream(folder: Path) -> Target:
    """The canned provider."""
    return _start("upstream", folder, [sys.executable, "-m", "bench.upstream"])


def start_passthrough(folder: Path, upstream: int) -> Target:
    """The floor on the same libraries."""
    return _start("pass-through", folder, [sys.executable, "-m", "bench.passthrough"], str(upstream))


def start_gateway(folder: Path, upstream: int) -> Target:
    """Weighbridge with everything on."""
    config = folder / "weighbridge.yaml"
    config.write_text(CONFIG.format(upstream=upstream, folder=folder))
    port = free_port()
    command = [sys.executable, "-m", "weighbridge", "serve", "--config", str(config), "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "BENCH_KEY": KEY}, stdout=subprocess.DEVNULL)
    return ready(Target("weighbridge", port, [process]))


def start_nginx(folder: Path, upstream: int) -> Target | None:
    """A bare proxy in C; `None` where nginx is not installed."""
    binary = shutil.which("nginx")
    if binary is None:
        return None
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, upstream=upstream, port=port))
    process = subprocess.Popen([binary, "-c", str(conf), "-p", str(folder)], stderr=subprocess.DEVNULL)
    return ready(Target("nginx", port, [process]))


def free_listener() -> socket.socket:
    """A listening socket on loopback."""
    return socket.create_server(("127.0.0.1", 0), backlog=1024)


def free_port() -> int:
    """A port that was free a moment ago."""
    with free_listener() as probe:
        return int(probe.getsockname()[1])


def _start(name: str, folder: Path, command: list[str], *arguments: str) -> Target:
    port_file = folder / f"{name}.port"
    process = subprocess.Popen([*command, str(port_file), *arguments])
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if port_file.exists() and port_file.read_text():
            return Target(name, int(port_file.read_text()), [process])
        time.sleep(0.05)  # between two looks at another process
    raise RuntimeError(f"{name} did not start")


def ready(target: Target, within_s: float = 20) -> Target:
    """The same once it accepts connections. Raises RuntimeError when it does not."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", target.port), 1).close()
        except OSError:
            time.sleep(0.05)  # between two looks at another process
        else:
            return target
    raise RuntimeError(f"{target.name} did not start")


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(item) for item in children.read_text().split()] if children.exists() else []
    return [pid, *found]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
