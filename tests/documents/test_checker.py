"""The checker itself: whatever is wrong with a command is reported with its file and line."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.documents.running.commands import commands, hidden
from tests.documents.running.markdown import Document, Quote
from tests.documents.running.shell import Shell, Wrong, parse

TABLE = "taskline-dev-breaker"


def quote(text: str) -> Quote:
    return Quote("some.md", 10, text)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("aws sqs receive-message --queue Q", "there is no option --queue"),
        ("aws sqs receive-message --max-number-of-messages 10", "Missing required parameter"),
        ("aws sqs receive-message --queue-url Q --max-number-of-messages ten", "is not a whole number"),
        ("aws sqs receive-message --queue-url", "--queue-url has no value"),
        ("aws sqs receive-messages --queue-url Q", "has no operation 'receive-messages'"),
        ("aws queues list", "no service 'queues'"),
        (f"aws dynamodb scan --table-name {TABLE}s", "makes no aws:dynamodb/table:Table of this name"),
        ("aws lambda invoke --function-name taskline-dev-breaker", "takes 1 file"),
        (f"aws dynamodb scan --table-name {TABLE} out.json", "takes 0 file"),
        ("aws lambda invoke --function-name taskline-dev-breaker --payload '{}' out.json", "reads base64"),
        ("aws lambda invoke --function-name taskline-dev-breaker --log-type Head out.json", "there are None Tail"),
        ("aws apigateway get-api-key --api-key K --query secret", "the response has"),
        (f"aws dynamodb scan --table-name {TABLE} --output xml", "--output xml"),
        ("pulumi stack output queue_uri", "exports no queue_uri"),
        ("pulumi stack init test", "no Pulumi.test.yaml"),
        ("pulumi config set handlerTimeout 5", "declares no handlerTimeout"),
        ("pulumi fly", "does not know 'pulumi fly'"),
        ("make tests", "no target tests"),
        ("make run CLEAN=1", "no variable CLEAN"),
        (".venv/bin/python -m benchmarks.desktop", "no module benchmarks.desktop"),
        (".venv/bin/python -m benchmarks.rivals", "no module benchmarks.rivals"),
        ("python3 -c 'import'", "is not Python"),
        ("python3 setup.py", "does not know how to check 'python setup.py'"),
        ("curl -s --compress http://127.0.0.1:4000/v1/docs", "unrecognized arguments: --compress"),
        ("curl -s -H", "expected one argument"),
        ("wget http://127.0.0.1:4000", "does not know how to check 'wget'"),
        ('curl "$HOST/v1/docs"', "$HOST is not set"),
        ('HOST=here make help; curl "$HOST/v1/docs"', "$HOST is not set"),
        ("make help > out.txt", "cannot read '>'"),
        ("make 'help", "never closed"),
        ('make "help', "never closed"),
        ("curl $(pulumi stack output api_url", "never closed"),
    ],
)
def test_a_wrong_command_is_reported_with_file_and_line(command: str, message: str, checker: Shell):
    (problem,) = checker.problems(quote(f"make help\n\n{command}"))
    assert problem.startswith("some.md:12: ")
    assert message in problem


@pytest.mark.parametrize(
    "command",
    [
        f'aws dynamodb get-item --table-name {TABLE} --key \'{{"id": {{"S": "x"}}}}\' --no-consistent-read',
        "aws lambda invoke --function-name taskline-dev-breaker --payload e30= out.json",
        "aws lambda invoke --function-name taskline-dev-breaker --payload fileb://event.json out.json",
        "aws sqs receive-message --queue-url=Q --attribute-names All --region eu-west-1",
        "pulumi config set taskline:logLevel DEBUG && pulumi config set aws:region eu-west-1",
        "make help || make test FRESH=1; make run",
        "curl -s $API/docs | python3 -m json.tool",
        'KEY=$(aws apigateway get-api-key --api-key K --query value); curl "$API/docs" -H "x-api-key: $KEY"',
    ],
)
def test_a_right_command_is_not_reported(command: str, checker: Shell):
    assert checker.problems(quote(command)) == []


def test_each_wrong_command_of_a_block_is_reported(checker: Shell):
    problems = checker.problems(quote('make no\ncurl "$(pulumi stack output no)" \\\n  -s && make \\\n  none'))
    assert [problem.split(" ")[0] for problem in problems] == ["some.md:10:", "some.md:11:", "some.md:12:"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("run a  b # c\n# d", [["run", "a", "b"]]),
        ("run a#b", [["run", "a#b"]]),
        ("run \\\n  a\\ b", [["run", "a b"]]),
        ("run 'a\n\"b\"' \"c\n'd'\" ''", [["run", 'a\n"b"', "c\n'd'", ""]]),
        ('run "a \\"b\\" \\n"', [["run", 'a "b" \\n']]),
        ("run a; run b\nrun c && run d", [["run", "a"], ["run", "b"], ["run", "c"], ["run", "d"]]),
        ("X=a\nrun $X ${X}b '$X' \"$X\" \\$X", [["run", "a", "ab", "$X", "a", "$X"]]),
        (
            'run "$(run "in" | run \'out\')/$(run b)"',
            [["run", "in"], ["run", "out"], ["run", "b"], ["run", "<out>/<b>"]],
        ),
        ("export X=1 Y='2 3'\nrun \"$X$Y\"", [["run", "12 3"]]),
    ],
)
def test_the_shell_is_read_as_a_shell_reads_it(text: str, words: list[list[str]]):
    ran: list[list[str]] = []

    def program(arguments: Sequence[str], read: str) -> str:
        ran.append(["run", *arguments])
        return f"<{arguments[-1]}>\n"

    assert Shell({"run": program}, {}).problems(quote(text)) == []
    assert ran == words


def test_a_pipe_passes_on_what_was_written():
    reads: list[str] = []

    def program(arguments: Sequence[str], read: str) -> str:
        reads.append(read)
        return f"{read}+"

    Shell({"run": program}, {}).problems(quote("run |\n run | run; run"))
    assert reads == ["", "+", "++", ""]


def test_what_cannot_be_read_is_wrong_on_its_line():
    with pytest.raises(Wrong) as caught:
        parse("run a\nrun b <c")
    assert caught.value.line == 1


MARKDOWN = """
Say `make run` or `make
test`, not `make`, at `$(pulumi stack output api_url)`; `GET /x`.

```sh
make help
```

1. A list

   ```console
   $ make help
   ```
"""


def test_commands_are_found_in_blocks_and_in_prose():
    found = commands(Document("some.md", MARKDOWN))
    assert [(one.line, one.text.strip()) for one in found] == [
        (2, "make run"),
        (2, "make test"),
        (3, "pulumi stack output api_url"),
        (6, "make help"),
    ]


def test_a_block_of_commands_that_is_not_marked_sh_is_reported():
    assert hidden(Document("some.md", MARKDOWN)) == ["some.md:12: a block marked 'console' holds commands"]
    assert hidden(Document("some.md", "```\nmake help\n```\n")) == ["some.md:2: a block marked '' holds commands"]
    assert hidden(Document("some.md", "```json\n{}\n```\n")) == []
