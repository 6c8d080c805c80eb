"""The command's output and exit status for results that mutmut could return."""

from collections.abc import Callable

import pytest

from tests.mutants import __main__ as command
from tests.mutants.explained import Explained
from tests.mutants.running import Mutant, MutmutError, Result

LOOPS = Mutant(function="functions.tasks.clock.uuid7", diff="- a = 1\n+ a = 2")
Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command with this many killed mutants, these survivors and these explanations."""

    def run(*arguments: str, killed: int, survivors: list[Mutant], explained: list[Mutant]) -> int:
        results = [Result(key="k", path="p", status="killed")] * killed
        results += [Result(key="s", path="p", status="survived")] * len(survivors)
        monkeypatch.setattr(command, "find_spec", lambda _: "mutmut")
        monkeypatch.setattr(command, "_test", lambda _: (results, survivors))
        monkeypatch.setattr(command, "read", lambda _: [Explained(mutant=one, reason="why") for one in explained])
        return command.main(arguments)

    return run


def test_explained_survivors_are_a_success_if_enough_are_killed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(killed=96, survivors=[LOOPS] * 4, explained=[LOOPS] * 4) == 0
    assert "100 mutants in 0 min: 96 killed, 4 survived; 96.0 % killed" in capsys.readouterr().out
    assert run(killed=95, survivors=[LOOPS] * 5, explained=[LOOPS] * 5) == 1
    assert "At least 96 % must be killed." in capsys.readouterr().out


def test_an_unexplained_survivor_is_shown_and_fails_the_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(killed=99, survivors=[LOOPS], explained=[]) == 1
    assert f"Not killed and not explained: functions.tasks.clock.uuid7\n{LOOPS.diff}" in capsys.readouterr().out


def test_an_explanation_of_a_killed_mutant_is_shown_and_fails_the_run(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(killed=99, survivors=[], explained=[LOOPS]) == 1
    assert "Explained, but killed or no longer generated: functions.tasks.clock.uuid7" in capsys.readouterr().out


def test_a_partial_run_has_no_threshold_and_uses_only_its_own_explanations(run: Run) -> None:
    assert run("--module", "clock", killed=1, survivors=[LOOPS], explained=[LOOPS]) == 0
    assert run("--module", "clock", killed=1, survivors=[], explained=[LOOPS]) == 1
    assert run("--module", "retry", killed=1, survivors=[], explained=[LOOPS]) == 0
    assert run("--sample", "1", killed=1, survivors=[], explained=[LOOPS]) == 0, "it may not have been drawn"


def test_a_failed_run_of_mutmut_is_not_a_result(
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
