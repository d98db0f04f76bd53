"""A folder in the index: what changed is read again, what is gone is removed, what is broken is told of."""

import asyncio
from pathlib import Path

import pytest

from make import a_policy
from pipeline.scripted import Script, gateway_on
from weighbridge.domain.document import IndexReport
from weighbridge.domain.errors import CommandError
from weighbridge.domain.tool import Collection
from weighbridge.pipeline.addresses import add_path
from weighbridge.pipeline.house import House
from weighbridge.pipeline.index import index_path, put_document, watch_sources

C = Collection("c")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    (made / "old").mkdir(parents=True)
    (made / "a.md").write_text("# A\n\nuptime is high\n")
    (made / "old" / "b.txt").write_text("refunds are slow\n")
    return made


async def index(folder: Path, house: House, collection: Collection = C) -> IndexReport:
    return await index_path(folder, collection, {}, house)


async def names(house: House) -> list[str]:
    return [document.id for document in await house.sources.documents()]


async def test_a_folder_is_indexed_with_its_subfolders(folder: Path, tmp_path: Path) -> None:
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        report = await index(folder, house)
        assert report.added == ("c/a.md", "c/old/b.txt")
        assert await names(house) == ["c/a.md", "c/old/b.txt"]


async def test_only_what_changed_is_read_again(folder: Path, tmp_path: Path) -> None:
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        await index(folder, house)
        (folder / "a.md").write_text("# A\n\nuptime is higher\n")
        report = await index(folder, house)
    assert (report.added, report.changed, report.unchanged) == ((), ("c/a.md",), 1)


async def test_a_changed_label_of_the_collection_counts_as_a_change(folder: Path, tmp_path: Path) -> None:
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        await index(folder, house)
        report = await index(folder, house, Collection("c", labels={"owner": "ops"}))
        assert report.changed == ("c/a.md", "c/old/b.txt")


async def test_a_removed_file_disappears(folder: Path, tmp_path: Path) -> None:
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        await index(folder, house)
        (folder / "a.md").unlink()
        report = await index(folder, house)
        assert report.removed == ("c/a.md",)
        assert await names(house) == ["c/old/b.txt"]


async def test_what_came_from_elsewhere_stays(folder: Path, tmp_path: Path) -> None:
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        await put_document("sent.txt", b"hello there", C, {}, house)
        report = await index(folder, house)
        assert report.removed == ()
        assert "c/sent.txt" in await names(house)


async def test_a_bad_file_is_reported_and_the_rest_is_indexed(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.json").write_text("{")
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        report = await index(folder, house)
    assert [item.path for item in report.unread] == ["broken.json"]
    assert report.added == ("c/a.md", "c/old/b.txt")


async def test_a_file_that_is_broken_for_a_moment_keeps_its_old_version(folder: Path, tmp_path: Path) -> None:
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        await index(folder, house)
        (folder / "a.md").write_bytes(b"\xff\xff")
        report = await index(folder, house)
        assert (report.removed, [item.path for item in report.unread]) == ((), ["a.md"])
        assert "c/a.md" in await names(house)


async def test_a_file_does_not_take_the_place_of_what_was_sent(folder: Path, tmp_path: Path) -> None:
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        await put_document("a.md", b"sent by itself", C, {}, house)
        report = await index(folder, house)
    assert [item.path for item in report.unread] == ["a.md"]


async def test_a_manifest_labels_what_matches(folder: Path, tmp_path: Path) -> None:
    (folder / "sources.yaml").write_text('documents:\n  "old/*": {deprecated: 2025-08-01}\n')
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        await index(folder, house)
        states = {document.id: document.is_deprecated for document in await house.sources.documents()}
    assert states == {"c/a.md": False, "c/old/b.txt": True}


@pytest.mark.parametrize("text", ["{", "documents: [a]", "documents: {a: b}", "- x"])
async def test_a_manifest_that_is_none_stops_before_anything(folder: Path, tmp_path: Path, text: str) -> None:
    (folder / "sources.yaml").write_text(text)
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        with pytest.raises(CommandError):
            await index(folder, house)


async def test_nothing_there_is_said(tmp_path: Path) -> None:
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        with pytest.raises(CommandError, match="nothing at"):
            await index(tmp_path / "none", house)


async def test_hidden_files_are_none_of_our_business(folder: Path, tmp_path: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "note.md").write_text("# x\n\nhidden")
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        assert len((await index(folder, house)).added) == 2


async def test_a_watched_folder_is_looked_at_again(folder: Path, tmp_path: Path) -> None:
    watched = Collection("c", str(folder), is_watched=True)
    async with gateway_on(Script(), a_policy(collections={"c": watched}), tmp_path) as house:
        watching = asyncio.create_task(watch_sources(0.01, house))
        try:
            await _until(house, ["c/a.md", "c/old/b.txt"])
            (folder / "new.md").write_text("# N\n\nnew\n")
            await _until(house, ["c/a.md", "c/new.md", "c/old/b.txt"])
            (folder / "sources.yaml").write_text("{")  # one that cannot be used: the old state stays
            (folder / "new.md").unlink()
            await asyncio.sleep(0.1)
            assert "c/new.md" in await names(house)
        finally:
            watching.cancel()


async def test_a_list_of_addresses_that_cannot_be_reached_is_reported_one_by_one(tmp_path: Path) -> None:
    listed = tmp_path / "pages.urls"
    listed.write_text("# pages\nhttp://127.0.0.1:9/a.md\nftp://example.org/b\n")
    async with gateway_on(Script(), a_policy(), tmp_path) as house:
        report = await add_path(listed, C, {}, house)
    assert [item.path for item in report.unread] == ["127.0.0.1:9/a.md", "example.org/b"]
    assert "must begin with http" in report.unread[1].condition


async def _until(house: House, expected: list[str]) -> None:
    for _ in range(300):
        if await names(house) == expected:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(await names(house))
