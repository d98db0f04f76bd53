"""Other gateways to measure beside ours, each in its own environment under `.venv-bench`, installed when asked."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.targets import KEY, Target, free_port, ready

ENVIRONMENTS = Path(__file__).parents[1] / ".venv-bench"
LITELLM, PORTKEY = "litellm[proxy]==1.108.7", "@portkey-ai/gateway@1.15.2"
START_S = 120
"""How long a rival may take to start: LiteLLM loads for half a minute on two busy cores."""

LITELLM_CONFIG = """
model_list:
  - model_name: task/classify
    litellm_params: {{model: openai/small, api_base: "http://127.0.0.1:{upstream}/v1", api_key: unused}}
  - model_name: task/talk
    litellm_params: {{model: openai/small, api_base: "http://127.0.0.1:{upstream}/v1", api_key: unused}}
general_settings: {{master_key: {key}}}
litellm_settings: {{telemetry: false, num_retries: 0}}
"""


def start_litellm(folder: Path, upstream: int) -> Target:
    """LiteLLM's proxy: one worker, its key checked, no database."""
    place = ENVIRONMENTS / "litellm"
    binary = place / "bin" / "litellm"
    if not binary.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        pip = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", LITELLM]
        subprocess.run([str(part) for part in pip], check=True)
    config, port = folder / "litellm.yaml", free_port()
    config.write_text(LITELLM_CONFIG.format(upstream=upstream, key=KEY))
    command = [str(binary), "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    return ready(Target("LiteLLM proxy", port, [_quietly(command, folder)]), START_S)


def start_portkey(folder: Path, upstream: int) -> Target | None:
    """Portkey's gateway; `None` without node. It takes host and key from each request."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return None
    place = ENVIRONMENTS / "portkey"
    server = place / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    if not server.exists():
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", PORTKEY], cwd=place, check=True)
    port = free_port()
    headers = (("x-portkey-provider", "openai"), ("x-portkey-custom-host", f"http://127.0.0.1:{upstream}/v1"))
    process = _quietly(["node", str(server), f"--port={port}", "--headless"], folder)
    return ready(Target("Portkey gateway", port, [process], headers), START_S)


def _quietly(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    quiet = {"LITELLM_TELEMETRY": "False", "NO_DOCS": "True", "LITELLM_LOG": "ERROR"}
    log = (folder / f"{Path(command[0]).name}.log").open("wb")
    return subprocess.Popen(command, env={**os.environ, **quiet}, stdout=log, stderr=log, cwd=folder)
