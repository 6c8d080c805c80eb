"""The document of mutants that no test can kill: how it is read and compared with a run."""

import pytest

from tests.mutants.explained import DOCUMENT, Explained, compare, read
from tests.mutants.running import MUTATED, ROOT, Mutant, changed_lines

TEXT = """# A document

It says what it is for.

## `functions.tasks.clock.uuid7`

```diff
- a = 1
+ a = 2
```

```diff
- a = 1
+ a = None
```

No one reads it,
whatever it is.
"""


def a_mutant(added: str, function: str = "functions.tasks.clock.uuid7") -> Mutant:
    return Mutant(function=function, diff=f"- a = 1\n+ {added}")


def test_a_reason_explains_all_diffs_above_it() -> None:
    reason = "No one reads it,\nwhatever it is."
    assert list(read(TEXT)) == [
        Explained(mutant=a_mutant("a = 2"), reason=reason),
        Explained(mutant=a_mutant("a = None"), reason=reason),
    ]


@pytest.mark.parametrize("rest", ["", "\n\n## `functions.tasks.clock.other`\n\n```diff\n- b\n+ c\n```\n\nA reason."])
def test_a_diff_without_a_reason_is_an_error(rest: str) -> None:
    with pytest.raises(ValueError, match=r"functions\.tasks\.clock\.uuid7: no reason"):
        list(read(TEXT.replace("\nNo one reads it,\nwhatever it is.\n", "") + rest))


def test_a_mutant_is_identified_by_its_changed_lines_however_they_are_indented() -> None:
    diff = ["--- a.py", "+++ a.py", "@@ -1,3 +1,3 @@", " def f():", "-    a = 1", "+    a = 2"]
    assert changed_lines(diff) == "- a = 1\n+ a = 2"


def test_each_survivor_needs_an_explanation_and_each_explanation_a_survivor() -> None:
    known = list(read(TEXT))
    twice = [a_mutant("a = 2"), a_mutant("a = 2")]
    compared = compare(twice, known)
    assert compared.unexplained == [a_mutant("a = 2")], "of two identical mutants, one is explained"
    assert compared.stale == [a_mutant("a = None")]
    elsewhere = a_mutant("a = 2", function="functions.tasks.clock.other")
    assert compare([elsewhere], known).unexplained == [elsewhere]


def test_every_explained_mutant_refers_to_existing_code() -> None:
    """Only a run of mutmut proves the rest; this finds code that was renamed or rewritten."""
    texts = {
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): path.read_text()
        for path in (ROOT / MUTATED).rglob("*.py")
    }
    for one in read(DOCUMENT.read_text()):
        (text,) = (text for module, text in texts.items() if one.mutant.function.startswith(f"{module}."))
        assert f"def {one.mutant.function.rpartition('.')[2]}(" in text, one.mutant
        for line in one.mutant.diff.splitlines():
            assert line[0] == "+" or line[2:] in text, one.mutant
