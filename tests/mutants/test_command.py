"""What the command prints and how it exits, with results that mutmut could have had."""

from collections.abc import Callable

import pytest

from tests.mutants import __main__ as command
from tests.mutants.explained import Explained
from tests.mutants.running import Mutant, MutmutError, Result

LOOPS = Mutant(function="functions.tasks.clock.uuid7", diff="- a = 1\n+ a = 2")
Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command with so many killed mutants, these survivors, and these explanations."""

    def run(*arguments: str, killed: int, survivors: list[Mutant], explained: list[Mutant]) -> int:
        results = [Result(key="k", path="p", status="killed")] * killed
        results += [Result(key="s", path="p", status="survived")] * len(survivors)
        monkeypatch.setattr(command, "find_spec", lambda _: "mutmut")
        monkeypatch.setattr(command, "_test", lambda _: (results, survivors))
        monkeypatch.setattr(command, "read", lambda _: [Explained(mutant=one, reason="why") for one in explained])
        return command.main(arguments)

    return run


def test_explained_survivors_are_a_success_while_enough_are_killed(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(killed=96, survivors=[LOOPS] * 4, explained=[LOOPS] * 4) == 0
    assert "100 mutants in 0 min: 96 killed, 4 survived; 96.0 % killed" in capsys.readouterr().out
    assert run(killed=95, survivors=[LOOPS] * 5, explained=[LOOPS] * 5) == 1
    assert "At least 96 % have to be killed." in capsys.readouterr().out


def test_a_survivor_that_nobody_explained_is_a_failure_and_shown(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(killed=99, survivors=[LOOPS], explained=[]) == 1
    assert f"Not killed and not explained: functions.tasks.clock.uuid7\n{LOOPS.diff}" in capsys.readouterr().out


def test_an_explanation_of_what_was_killed_is_a_failure_and_shown(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(killed=99, survivors=[], explained=[LOOPS]) == 1
    assert "Explained, but killed or no longer made: functions.tasks.clock.uuid7" in capsys.readouterr().out


def test_a_part_has_no_share_to_reach_and_only_its_own_explanations_to_use(run: Run) -> None:
    assert run("--module", "clock", killed=1, survivors=[LOOPS], explained=[LOOPS]) == 0
    assert run("--module", "clock", killed=1, survivors=[], explained=[LOOPS]) == 1
    assert run("--module", "retry", killed=1, survivors=[], explained=[LOOPS]) == 0
    assert run("--sample", "1", killed=1, survivors=[], explained=[LOOPS]) == 0, "it may not have been drawn"


def test_a_run_that_mutmut_could_not_make_is_no_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise MutmutError("failed to collect stats")

    monkeypatch.setattr(command, "find_spec", lambda _: None)
    assert command.main([]) == 2
    assert "`make mutants` installs it" in capsys.readouterr().out
    monkeypatch.setattr(command, "find_spec", lambda _: "mutmut")
    monkeypatch.setattr(command, "_test", fail)
    assert command.main([]) == 2
    assert "failed to collect stats" in capsys.readouterr().out
