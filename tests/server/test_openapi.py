"""The description and the server know the same paths."""

import re
from typing import Any, cast

from starlette.routing import Route

from make import a_policy
from pipeline.scripted import Script, gateway_on
from weighbridge.server.app import ENDPOINTS
from weighbridge.server.openapi import describe_api
from weighbridge.server.pages import build_pages

PATHS = cast("dict[str, dict[str, Any]]", describe_api()["paths"])


async def test_every_path_is_described_with_its_method(tmp_path: Any) -> None:
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        routes = [route for route in build_pages(house, None).routes if isinstance(route, Route)]
    served = {
        (_template(route.path), method.lower()) for route in routes for method in (route.methods or set()) - {"HEAD"}
    }
    served |= {(path, "post") for path in (*ENDPOINTS, "/v1/tasks/{task}/runs")}
    assert {(path, method) for path, methods in PATHS.items() for method in methods} == served


def test_parameters_are_those_of_the_path() -> None:
    for path, methods in PATHS.items():
        for operation in methods.values():
            named = {item["name"] for item in operation["parameters"] if item["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))


def test_what_people_do_may_end_in_ways_of_its_own() -> None:
    assert "202" in PATHS["/v1/tasks/{task}/runs"]["post"]["responses"]
    assert {"409", "422"} <= set(PATHS["/v1/reviews/{id}/{verb}"]["post"]["responses"])
    assert "201" in PATHS["/v1/feedback"]["post"]["responses"]


def _template(path: str) -> str:
    return re.sub(r":\w+}", "}", path)
