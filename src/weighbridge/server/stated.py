"""What a caller states beside its body: providers' formats have no place for task and risk, so headers carry them."""

from dataclasses import replace

from weighbridge.dialects.native.request import parse_risk
from weighbridge.domain.request import Request
from weighbridge.server.wire import Headers


def with_stated(request: Request, headers: Headers) -> Request:
    """The request with what `x-weighbridge-task` and `x-weighbridge-risk` say. Raises InvalidFieldError."""
    task, risk = headers.get(b"x-weighbridge-task"), headers.get(b"x-weighbridge-risk")
    if task is None and risk is None:
        return request
    return replace(
        request,
        task=request.task if task is None else task.decode("latin-1"),
        risk=request.risk if risk is None else parse_risk(risk.decode("latin-1"), "x-weighbridge-risk"),
    )
