"""What functions print: each line is logged, however it is printed, and the metrics in it are counted."""

from __future__ import annotations

import pytest

from tests.local.services.fake_lambda import Functions, a_function


def test_lines_of_many_threads_arrive_whole(functions: Functions) -> None:
    body = """
sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    talk = "\ndef talk(number):\n    for line in range(200): print(f'thread {number}', f'line {line}', sep=', ')\n"
    functions.deploy(a_function(body) + talk)
    functions.result()
    assert sorted(functions.printed.of_demo) == sorted(
        f"thread {number}, line {line}" for number in range(8) for line in range(200)
    )


@pytest.mark.parametrize(
    "printing",
    [
        "print('a line')",
        "print('a ', end=''); print('line')",
        "print('a line', file=sys.stderr)",
        "sys.stdout.writelines(['a ', 'line\\n'])",
        "sys.stdout.buffer.write(b'a line\\n'); sys.stdout.flush()",
        "os.write(1, b'a line\\n')",
        "os.system('echo a line')",
        "import logging; logging.getLogger().warning('a line')",
    ],
)
def test_a_line_arrives_whichever_way_it_is_printed(functions: Functions, printing: str) -> None:
    functions.deploy(a_function(printing))
    functions.result()
    assert functions.printed.wait_for("a line").endswith("a line")


def test_each_line_is_an_event_and_only_line_breaks_end_one(functions: Functions) -> None:
    functions.deploy(a_function(r"print('one\ntwo\n\n{\"text\": \"\u2028 \x0c \x85\"}')"))
    functions.result()
    assert functions.printed.of_demo == ["one", "two", '{"text": "\u2028 \x0c \x85"}']


def test_lines_go_to_the_function_s_log_group(functions: Functions) -> None:
    functions.deploy(a_function("print('here')"), LoggingConfig={"LogGroup": "/logs"})
    functions.result()
    assert functions.printed.lines == {"/logs": ["here"]}


def test_metrics_in_printed_lines_are_counted(functions: Functions) -> None:
    body = """
directive = {"Namespace": "Taskline", "Dimensions": [[]], "Metrics": [{"Name": "Size", "Unit": "Count"}]}
print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}, "Size": 3}))
"""
    functions.deploy(a_function(body, "import json, time"))
    functions.result()
    assert functions.counted()["Size"] == 3
