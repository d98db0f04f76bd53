"""The log line of a request."""

import json
import logging
from dataclasses import replace

import pytest

from make import a_record
from weighbridge.domain.record import LOG_FIELDS
from weighbridge.pipeline.log_line import FIELDS, log_line, write_log_line


def test_every_declared_field_has_a_source() -> None:
    assert tuple(FIELDS) == LOG_FIELDS


def test_the_line_holds_what_the_task_declares(caplog: pytest.LogCaptureFixture) -> None:
    record = replace(a_record(), log_fields=("route", "prompt_tokens", "validation_status", "fallback_reason"))
    with caplog.at_level(logging.INFO, "weighbridge.request"):
        write_log_line(record)
    line = json.loads(caplog.messages[0])
    assert list(line) == ["route", "prompt_tokens", "validation_status", "fallback_reason"]
    assert line["route"] == "fast-small"


def test_a_task_without_fields_writes_no_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "weighbridge.request"):
        write_log_line(replace(a_record(), log_fields=()))
    assert caplog.messages == []


def test_every_field_can_be_written(caplog: pytest.LogCaptureFixture) -> None:
    assert set(log_line(replace(a_record(), log_fields=LOG_FIELDS))) == set(LOG_FIELDS)
