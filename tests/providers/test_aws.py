"""Bedrock over real sockets: signed calls, whose signature is computed anew from what came, and frames cut anywhere."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from make import a_model, a_request
from providers.event_frames import MEDIA_TYPE, a_stream, frame
from providers.loopback import Loopback, Received, answer, chunked, head, serving
from weighbridge.domain.errors import (
    ProviderAuthError,
    ProviderMalformedError,
    ProviderRateLimitedError,
    ProviderUnavailableError,
)
from weighbridge.domain.policy import Host
from weighbridge.domain.response import Delta
from weighbridge.domain.secret import Secret
from weighbridge.providers import aws
from weighbridge.providers.aws import region_of
from weighbridge.providers.clock import SystemClock
from weighbridge.providers.event_stream import EventStreamDecoder
from weighbridge.providers.hosts import HostCalls, check_host

MODEL = a_model(upstream_name="eu.anthropic.some-model-v1:0")
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEY = Secret("${env:AWS}", f"AKIDEXAMPLE:{SECRET}")
WHOLE = json.dumps(
    {
        "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 7, "outputTokens": 2, "totalTokens": 9},
    }
).encode()
STREAM_HEAD = head(content_type=MEDIA_TYPE, transfer_encoding="chunked")


@pytest.fixture
async def calls() -> AsyncIterator[HostCalls]:
    calls = HostCalls(SystemClock())
    yield calls
    await calls.close()


def at(server: Loopback, credential: Secret | None = KEY) -> Host:
    url = server.url.removesuffix("/v1")
    return Host("h", "aws.bedrock", "bedrock", url, credential=credential, signing_region="eu-central-1")


def the_signature(received: Received, secret: str) -> str:
    """Signature Version 4, from Amazon's description of it and nothing else."""
    scheme, _, rest = received.headers["authorization"].partition(" ")
    assert scheme == "AWS4-HMAC-SHA256"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    _, day, region, service, end = parts["Credential"].split("/")
    path, _, query = received.line.split()[1].partition("?")
    names = parts["SignedHeaders"].split(";")
    canonical = "\n".join(
        (
            received.line.split()[0],
            quote(path, safe="/~"),
            query,
            *(f"{name}:{received.headers[name].strip()}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(received.body).hexdigest(),
        )
    )
    scope = f"{day}/{region}/{service}/{end}"
    to_sign = "\n".join((scheme, received.headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, end):
        key = hmac.digest(key, part.encode(), "sha256")
    assert hmac.new(key, to_sign.encode(), "sha256").hexdigest() == parts["Signature"]
    return parts["Credential"] + " " + parts["SignedHeaders"]


async def test_a_call_is_signed_for_its_region_and_the_body_as_it_goes_out(calls: HostCalls) -> None:
    async with serving([answer(WHOLE)]) as server:
        found = await calls.call(at(server), MODEL, a_request("Grüße"), 5)
    (received,) = server.received
    assert (found.text, found.usage and found.usage.output_tokens) == ("hello", 2)
    assert received.line.split()[1] == "/model/eu.anthropic.some-model-v1%3A0/converse"
    told = the_signature(received, SECRET)
    assert told.startswith("AKIDEXAMPLE/")
    assert told.endswith("/eu-central-1/bedrock/aws4_request content-type;host;x-amz-date")
    assert SECRET not in str(received)


async def test_a_session_token_is_sent_and_signed(calls: HostCalls) -> None:
    async with serving([answer(WHOLE)]) as server:
        key = Secret("${env:AWS}", f"AKIDEXAMPLE:{SECRET}:token/with:colons==")
        await calls.call(at(server, key), MODEL, a_request(), 5)
    (received,) = server.received
    assert received.headers["x-amz-security-token"] == "token/with:colons=="
    assert "x-amz-security-token" in the_signature(received, SECRET)


async def test_a_bedrock_key_is_sent_as_it_is(calls: HostCalls) -> None:
    async with serving([answer(WHOLE)]) as server:
        await calls.call(
            replace(at(server, Secret("${env:K}", "bedrock-api-key-1")), auth="bearer"), MODEL, a_request(), 5
        )
    assert server.received[0].headers["authorization"] == "Bearer bedrock-api-key-1"


async def test_a_key_that_is_limited_rests_and_the_other_signs(calls: HostCalls) -> None:
    other = Secret("${env:AWS2}", "AKIDOTHER:other-secret")
    async with serving(
        [
            answer(b'{"message": "slow down"}', "429 Too Many"),
        ],
        [answer(WHOLE)],
    ) as server:
        host = replace(at(server), more_credentials=(other,))
        with pytest.raises(ProviderRateLimitedError):
            await calls.call(host, MODEL, a_request(), 5)
        for _ in range(2):
            await calls.call(host, MODEL, a_request(), 5)
    assert [the_signature(item, "other-secret")[:9] for item in server.received[1:]] == ["AKIDOTHER"] * 2


def bare(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A machine without any access key, and without a network to ask for one."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


async def test_without_a_credential_the_machine_s_own_signs(
    calls: HostCalls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bare(monkeypatch, tmp_path)
    (tmp_path / "credentials").write_text(
        f"[default]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = {SECRET}\n"
    )
    async with serving([answer(WHOLE)]) as server:
        await calls.call(at(server, None), MODEL, a_request(), 5)
    assert the_signature(server.received[0], SECRET).startswith("AKIDPROFILE/")


@pytest.mark.parametrize(("trusted_s", "names"), [(60.0, ["AKID2", "AKID2"]), (0.0, ["AKID2", "AKID3"])])
async def test_the_key_of_a_role_is_made_new_before_it_ends(
    calls: HostCalls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trusted_s: float, names: list[str]
) -> None:
    def a_key(name: str) -> list[bytes]:
        ends = (datetime.now(UTC) + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
        fields = {"AccessKeyId": name, "SecretAccessKey": SECRET, "Token": f"token-of-{name}", "Expiration": ends}
        return [answer(json.dumps(fields).encode(), connection="close")]

    bare(monkeypatch, tmp_path)
    monkeypatch.setattr(aws, "TRUSTED_S", trusted_s)
    async with serving(*map(a_key, ("AKID1", "AKID2", "AKID3"))) as role, serving([answer(WHOLE)]) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{role.url}/role")
        host = at(server, None)
        for _ in range(2):  # the first key ends so soon that botocore asks for another one at once
            await calls.call(host, MODEL, a_request(), 5)
    assert [the_signature(item, SECRET).split("/")[0] for item in server.received] == names
    assert server.received[1].headers["x-amz-security-token"] == f"token-of-{names[1]}"


async def test_a_machine_without_a_key_is_told_what_to_do(
    calls: HostCalls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bare(monkeypatch, tmp_path)
    async with serving([answer(WHOLE)]) as server:
        with pytest.raises(ProviderAuthError, match="credential") as raised:
            await calls.call(at(server, None), MODEL, a_request(), 5)
    assert server.received == []
    assert not raised.value.may_have_cost


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1000])
async def test_a_stream_is_read_however_it_is_cut(calls: HostCalls, size: int) -> None:
    stream = b"".join(a_stream("he", "l\u2028lo", "🙂"))
    blocks = [stream[start : start + size] for start in range(0, len(stream), size)]
    async with serving([STREAM_HEAD, chunked(*blocks)]) as server:
        found = await listen(calls, server)
    assert "".join(delta.text for delta in found) == "hel\u2028lo🙂"
    assert [delta.usage.output_tokens for delta in found if delta.usage] == [2]
    (received,) = server.received
    assert received.line.split()[1].endswith("/converse-stream")
    assert received.headers["accept"] == MEDIA_TYPE
    the_signature(received, SECRET)


async def listen(calls: HostCalls, server: Loopback) -> list[Delta]:
    return [delta async for delta in calls.stream(at(server), MODEL, a_request(is_stream=True), 5)]


async def test_a_stream_that_is_cut_short_is_no_whole_answer(calls: HostCalls) -> None:
    async with serving([STREAM_HEAD, chunked(*a_stream("hello")[:-2])]) as server:
        with pytest.raises(ProviderUnavailableError):
            await listen(calls, server)


async def test_an_exception_inside_a_stream_is_an_error(calls: HostCalls) -> None:
    events = [*a_stream("he")[:2], frame("throttlingException", {"message": "no"}, "exception")]
    async with serving([STREAM_HEAD, chunked(*events)]) as server:
        with pytest.raises(ProviderRateLimitedError):
            await listen(calls, server)


@pytest.mark.parametrize("at_byte", [2, 9, 30, -1])
async def test_a_frame_that_was_changed_on_the_way_is_not_believed(calls: HostCalls, at_byte: int) -> None:
    stream = bytearray(b"".join(a_stream("hello")))
    stream[at_byte] ^= 0x41
    async with serving([STREAM_HEAD, chunked(bytes(stream))]) as server:
        with pytest.raises((ProviderMalformedError, ProviderUnavailableError)):
            await listen(calls, server)


async def test_a_refusal_of_a_stream_is_its_error(calls: HostCalls) -> None:
    async with serving([answer(b'{"message": "slow down"}', "429 Too Many Requests", retry_after="3")]) as server:
        with pytest.raises(ProviderRateLimitedError) as raised:
            await listen(calls, server)
    assert raised.value.retry_after_s == 3.0


def test_an_event_of_a_strange_name_is_none_that_is_known() -> None:
    assert EventStreamDecoder().feed(frame('x":1,"y', {"a": 1})) == [b'{"unknown":{"a": 1}}']


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://bedrock-runtime.eu-central-1.amazonaws.com", "eu-central-1"),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", "us-east-1"),
        ("https://proxy.example", None),
    ],
)
def test_an_address_of_amazon_s_names_the_region(url: str, region: str | None) -> None:
    assert region_of(Host("h", "aws.bedrock", "bedrock", base_url=url)) == region


def test_what_keeps_calls_from_being_signed_is_told_at_load() -> None:
    host = Host("h", "aws.bedrock", "bedrock", base_url="https://proxy.example", credential=Secret("${env:K}", "x-y-z"))
    problems = check_host(host)
    assert [problem.split(":")[0] for problem in problems] == ["signing_region", "credential"]
    assert "x-y-z" not in str(problems)
    assert urlsplit(host.base_url or "").hostname == "proxy.example"


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "find_spec", lambda name: None)
    url = "https://bedrock-runtime.eu-central-1.amazonaws.com"
    for auth in (None, "bearer"):  # frames are read by it, too
        (problem,) = check_host(Host("h", "aws.bedrock", "bedrock", base_url=url, auth=auth))
        assert "pip install 'weighbridge[bedrock]'" in problem
