"""Nothing under test may phone home: a connection that leaves loopback fails the test that made it."""

import sys

from hypothesis import settings

LOOPBACK = ("127.", "::1", "localhost")


def _stay_home(event: str, arguments: tuple[object, ...]) -> None:
    if event not in {"socket.connect", "socket.getaddrinfo"}:
        return
    address = arguments[1] if event == "socket.connect" else arguments[0]
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(host, str) and host and "/" not in host and not host.startswith(LOOPBACK):
        raise PermissionError(f"a test tried to reach {host}")


sys.addaudithook(_stay_home)

# No test asserts a time: the first example of a property may load a vocabulary, on a machine that is busy.
settings.register_profile("weighbridge", deadline=None)
settings.load_profile("weighbridge")
