"""What people see: tables that fit, no colour where it is not wanted, and a start that loads little."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from taskline.cli.render.output import Color, Column, Output
from taskline.cli.render.widths import fitted
from taskline.cli.render.words import duration, harmless, roughly
from taskline.console.basis.commands import command as shown_by_the_console
from taskline.console.basis.stage import Stage
from tests.steering.cli.fake_api import Api, Cli, summary

ID = Column(title="Task")
WIDE = Column(title="Key", wide=True)
SPARE = Column(title="Took", spare=True)


def test_a_table_that_fits_is_shown_as_it_is() -> None:
    assert fitted([ID, WIDE, SPARE], [["x" * 36, "customer-42", "1.0 s"]], width=80, gap=2) == {0: 36, 1: 11, 2: 5}


def test_on_a_narrow_terminal_spare_columns_go_first_and_wide_ones_are_cut() -> None:
    rows = [["x" * 36, "k" * 100, "1.0 s"]]
    assert fitted([ID, WIDE, SPARE], rows, width=60, gap=2) == {0: 36, 1: 13, 2: 5}
    assert fitted([ID, WIDE, SPARE], rows, width=50, gap=2) == {0: 36, 1: 10}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.0204, "20 ms"), (4.21, "4.2 s"), (200, "3 min 20 s"), (7200, "2 h"), (273_600, "3 d 4 h")],
)
def test_durations_are_said_as_people_say_them(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_ages_are_said_roughly() -> None:
    assert [roughly(one) for one in (None, 12.7, 190, 7300, 200_000)] == ["", "12 s", "3 min", "2 h", "2 d"]


def test_characters_that_control_a_terminal_are_written_as_escapes() -> None:
    assert harmless("\x1b[31mred\x07 \u202eabc") == "\\x1b[31mred\\x07 \\x202eabc"


def test_colour_is_never_used_in_a_pipe_unless_it_is_asked_for(cli: Cli, api: Api) -> None:
    api.on("GET", "/tasks/t1", {**summary("t1"), "title": "A", "description": "A", "data": {}, "history": []})
    assert "\x1b[" not in cli("get", "t1").output
    assert "\x1b[" not in cli("get", "t9").output
    assert "\x1b[" in cli("get", "t9", "--color", "always").stderr
    assert "\x1b[" not in cli("get", "t1", "--json", "--color", "always").stdout


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_on_a_terminal_the_environment_can_refuse_colour(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wanted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    Output(color=Color.AUTO).text("failed", "red")
    assert ("\x1b[" in capsys.readouterr().out) is wanted


def loaded_by(*arguments: str) -> set[str]:
    """The packages that a run of the command has imported at its end."""
    program = (
        "import json, sys, taskline.cli.app as it\n"
        "try: it.app(sys.argv[1:], prog_name='taskline')\n"
        "except SystemExit: pass\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
        env={"PATH": "", "TASKLINE_URL": "http://127.0.0.1:9/v1", "HOME": "/nowhere"},
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_help_loads_no_client_and_a_request_loads_no_aws_and_no_console() -> None:
    heavy = {"boto3", "botocore", "starlette", "hypercorn", "jinja2", "pygal"}
    assert not loaded_by("--help") & {*heavy, "httpx", "asyncio"}
    loaded = loaded_by("get", "t1", "--json")
    assert "httpx" in loaded
    assert not loaded & heavy


def test_version_and_completion(cli: Cli) -> None:
    assert set(cli.json("version")) == {"taskline", "python"}
    assert "_TASKLINE_COMPLETE" in cli("completion", "bash").stdout
    assert "compdef" in cli("completion", "zsh").stdout
    assert "complete" in cli("completion", "fish").stdout
    assert cli("completion", "tcsh").exit_code == 2


def test_statuses_and_task_types_can_be_completed(cli: Cli) -> None:
    state = cli.folder / "state"
    state.mkdir()
    outputs = {"task_types": {"demo.echo": {}, "demo.slow": {}, "invoice.render": {}}}
    (state / "runtime.json").write_text(json.dumps({"url": "http://127.0.0.1:4000", "outputs": outputs}))

    def completed(words: str) -> list[str]:
        environ = {
            "_TASKLINE_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": f"{len(words.split()) - 1}",
            "TASKLINE_STATE_DIR": str(state),
        }
        return cli.named(environ).split()

    assert completed("taskline list --status f") == ["failed"]
    assert completed("taskline submit A --type demo.") == ["demo.echo", "demo.slow"]
    assert "dead-letters" in completed("taskline d")


def test_the_console_and_the_laptop_edition_say_what_they_lack(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--stage NAME" in cli.json("console", code=2)["error"]["remedy"]
    monkeypatch.setattr("taskline.cli.serving.local.__file__", str(cli.folder / "a" / "b" / "c" / "local.py"))
    failure = cli.json("local", code=3)["error"]
    assert "Clone the project" in failure["remedy"]


STAGE = Stage(name="prod", url="https://api/v1", outputs={}, client=lambda service: service)
SHOWN = (
    shown_by_the_console(STAGE, "get", "t1"),
    shown_by_the_console(STAGE, "list", ordering_key="customer-42", status="failed", type="demo.echo"),
    shown_by_the_console(STAGE, "keys"),
    shown_by_the_console(STAGE, "stats"),
    shown_by_the_console(STAGE, "doctor"),
    shown_by_the_console(STAGE, "load", rate=5, keys=3, type="demo.echo"),
    shown_by_the_console(STAGE, "dead-letters", "list", error_class="NETWORK", type="a", ordering_key="k"),
    shown_by_the_console(STAGE, "dead-letters", "redrive", failed_from="2h", failed_until="1h", dry_run=True),
    shown_by_the_console(STAGE, "submit", type="a", title="A b", priority="low", due_date="2026-12-31", data="{}"),
)


@pytest.mark.parametrize("line", SHOWN)
def test_each_command_that_the_console_shows_is_one(cli: Cli, line: str) -> None:
    done = cli(*shlex.split(line)[1:], "--help")
    assert done.exit_code == 0
    cli.clients = {}
    again = cli(*shlex.split(line)[1:])
    assert "No such option" not in again.stderr
    assert "No such command" not in again.stderr
