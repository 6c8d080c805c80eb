"""Files of tasks, read line by line."""

import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from taskline.cli.basis.exits import CommandFailed, ExitCode
from taskline.cli.intake.lines import Defaults, Line
from taskline.cli.intake.source import Format, Source, format_of


def read(kind: Format, content: str | bytes, **defaults: Any) -> list[Line]:
    raw = content if isinstance(content, bytes) else content.encode()
    return list(Source(name="-", format=kind, defaults=Defaults(**defaults)).lines(io.BytesIO(raw)))


def tasks(kind: Format, content: str | bytes, **defaults: Any) -> list[Any]:
    return [line.task for line in read(kind, content, **defaults)]


def test_the_header_names_the_fields_and_data_columns_go_into_the_data() -> None:
    content = "title,priority,ordering_key,data.invoice,data.to.name\nSend it,high,customer-42,4711,Ann\n"
    assert tasks(Format.CSV, content) == [
        {
            "title": "Send it",
            "description": "Send it",
            "priority": "high",
            "ordering_key": "customer-42",
            "data": {"invoice": 4711, "to": {"name": "Ann"}},
        }
    ]


@pytest.mark.parametrize(
    ("cell", "meaning"),
    [
        *(("12", 12), ("-1.5", -1.5), ("true", True), ("0", 0)),
        *(("00123", "00123"), ("1e5", "1e5"), ("True", "True"), ("12345678901234567890", "12345678901234567890")),
    ],
)
def test_plain_numbers_and_truths_are_these_and_all_else_is_text(cell: str, meaning: object) -> None:
    assert tasks(Format.CSV, f"title,data.x\nA,{cell}\n")[0]["data"] == {"x": meaning}


def test_a_column_can_be_text_although_it_looks_like_a_number() -> None:
    assert tasks(Format.CSV, "title,data.zip,data.n\nA,10115,5\n", texts=("data.zip",))[0]["data"] == {
        "zip": "10115",
        "n": 5,
    }


def test_an_empty_cell_is_left_out_and_an_option_says_it_instead() -> None:
    content = "title,type,data.n\nA,,1\nB,demo.slow,\n"
    fields = {"type": "demo.echo", "data": {"n": 0, "m": 2}}
    assert [(task["type"], task["data"]) for task in tasks(Format.CSV, content, fields=fields)] == [
        ("demo.echo", {"n": 1, "m": 2}),
        ("demo.slow", {"n": 0, "m": 2}),
    ]


def test_line_numbers_are_those_of_the_file_also_with_line_breaks_in_cells() -> None:
    lines = read(Format.CSV, 'title\nOne\n"Two\nlines"\nThree\n')
    assert [line.number for line in lines] == [2, 3, 5]
    assert [line.text for line in lines] == ["One\n", '"Two\nlines"\n', "Three\n"]


def test_a_row_with_too_few_cells_is_refused_and_the_next_is_read() -> None:
    broken, sound = read(Format.CSV, "title,priority\nA\nB,low\n")
    assert broken.task is None
    assert broken.errors == ({"field": "line", "message": "has 1 cells, and the header has 2"},)
    assert sound.task


@pytest.mark.parametrize(
    ("header", "named"), [("title,colour", "'colour'"), ("title,data.", "'data.'"), ("title,title", "title more than")]
)
def test_a_header_that_names_no_field_is_a_mistake_of_usage(header: str, named: str) -> None:
    with pytest.raises(CommandFailed, match=named) as failed:
        read(Format.CSV, f"{header}\nA,B\n")
    assert failed.value.code is ExitCode.USAGE


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_name() -> None:
    for kind, content in (
        (Format.CSV, "title\nA\n"),
        (Format.JSONL, '{"title": "A"}'),
        (Format.JSON, '{"title": "A"}'),
    ):
        assert tasks(kind, b"\xef\xbb\xbf" + content.encode())[0]["title"] == "A"


def test_a_line_that_is_not_json_is_refused_with_its_number_and_the_next_is_read() -> None:
    sound, broken, number, last = read(Format.JSONL, '{"title": "A"}\n\n{"title":\n5\n{"title": "B"}\n')
    assert (sound.number, broken.number, number.number, last.number) == (1, 3, 4, 5)
    assert "is not JSON" in broken.errors[0]["message"]
    assert number.errors[0]["message"] == "is not a JSON object"


def test_a_line_that_is_not_utf_8_is_refused_and_not_changed() -> None:
    (line,) = read(Format.JSONL, '{"title": "Müller"}'.encode("latin1"))
    assert line.task is None


def test_another_file_that_is_not_utf_8_is_a_mistake_of_usage() -> None:
    with pytest.raises(CommandFailed, match="not UTF-8"):
        read(Format.CSV, "title\nMüller\n".encode("latin1"))


@pytest.mark.parametrize("content", ['[{"title": "A"}, {"title": "B"}]', ' [ {"title":"A"},{"title":"B"}\n] \n'])
def test_a_json_file_is_an_array(content: str) -> None:
    assert [task["title"] for task in tasks(Format.JSON, content)] == ["A", "B"]


def test_a_json_file_may_be_one_task_or_none() -> None:
    assert [task["title"] for task in tasks(Format.JSON, '{"title": "A"}')] == ["A"]
    assert tasks(Format.JSON, "[]") == []


@pytest.mark.parametrize("content", ["", "[", '[{"title": "A"}', '[{"title": "A"} {"title": "B"}]', "[1,]", "{} {}"])
def test_a_json_file_that_is_cut_off_or_wrong_is_a_mistake_of_usage(content: str) -> None:
    with pytest.raises(CommandFailed, match="is not JSON") as failed:
        read(Format.JSON, content)
    assert failed.value.code is ExitCode.USAGE


@pytest.mark.parametrize("kind", list(Format))
def test_memory_does_not_grow_with_the_file(tmp_path: Path, kind: Format) -> None:
    def peak(number: int) -> int:
        path = tmp_path / f"{number}.{kind}"
        path.write_text(content(kind, number))
        source = Source(name=str(path), format=kind, defaults=Defaults())
        tracemalloc.start()
        read = sum(1 for _ in source.lines(io.BytesIO()))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert read == number
        return most

    # Other threads of the process allocate something meanwhile, but nothing like the file.
    few, many = peak(2_000), peak(20_000)
    assert many - few < (tmp_path / f"20000.{kind}").stat().st_size / 10


def content(kind: Format, number: int) -> str:
    if kind is Format.CSV:
        return "title,data.x\n" + "".join(f"Task {one},{'x' * 50}\n" for one in range(number))
    documents = [json.dumps({"title": f"Task {one}", "data": {"x": "x" * 50}}) for one in range(number)]
    return "\n".join(documents) if kind is Format.JSONL else f"[{','.join(documents)}]"


def test_the_digest_is_that_of_the_file_and_of_all_that_makes_its_tasks(tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv"
    path.write_text("title\nA\n")

    def digest(salt: str = "", kind: Format = Format.CSV, **defaults: Any) -> str:
        return Source(name=str(path), format=kind, defaults=Defaults(**defaults)).digest(salt)

    first = digest()
    assert digest() == first
    others = [digest("nightly"), digest(fields={"type": "demo.echo"}), digest(texts=("data.x",))]
    path.write_text("title\nB\n")
    assert len({first, digest(), *others}) == 5


def test_the_name_says_the_format_unless_an_option_does() -> None:
    assert [format_of(name, None) for name in ("a.csv", "A.JSON", "a.jsonl", "a.ndjson")] == [
        "csv",
        "json",
        "jsonl",
        "jsonl",
    ]
    assert format_of("a.txt", Format.CSV) is Format.CSV
    with pytest.raises(CommandFailed, match="stdin does not say"):
        format_of("-", None)
