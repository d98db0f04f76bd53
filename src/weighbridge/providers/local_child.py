"""The child process of a local host: a llama.cpp server on loopback, for as long as its parent lives.

Run as `python -m weighbridge.providers.local_child`. One line of JSON comes in (see `local.Settings`), one goes out:
the server's `url`, or the `error` that kept it from starting. The end of standard input is the end of the server.
"""

import json
import os
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Serve until the parent closes the pipe, which it also does by dying."""
    settings = json.loads(sys.stdin.readline())
    try:
        server = _serve(settings)
    except (ImportError, RuntimeError) as error:  # no library, or it cannot load the weights: the parent tells it
        _say({"error": f"{type(error).__name__}: {error}"[:200]})
        sys.exit(1)
    _say({"url": server.listening_address})
    sys.stdin.read()
    os._exit(0)  # the server's own threads are not asked: nobody is left to wait for them


def _serve(settings: dict[str, Any]) -> Any:
    xllamacpp: Any = import_module("xllamacpp")  # an extra, without types
    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.model_alias = [settings["name"]]
    params.n_ctx = settings["context_tokens"] * settings["slots"]  # the library divides it among them
    params.n_parallel = settings["slots"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.api_keys = [settings["key"]]
    params.ui = params.endpoint_slots = params.endpoint_props = False
    params.offline = True
    params.verbosity = 0
    return xllamacpp.Server(params)


def _say(line: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
