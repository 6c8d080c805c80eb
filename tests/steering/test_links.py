"""Links into the AWS console, compared with addresses that the console itself has written."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest

from taskline import links
from taskline.links import Period, Place

IRELAND = Place("eu-west-1")
EXECUTION = "arn:aws:states:eu-west-1:111122223333:express:taskline-dev-workflow:0b8a-1:5d2c-2"
MOMENT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def unfolded(link: str) -> str:
    """What stands behind the # of a link, without CloudWatch's encoding."""
    return unquote(unquote(link.partition("#")[2].replace("$", "%")))


def test_a_query_is_encoded_as_the_console_does_it() -> None:
    # As copied from a browser (https://stackoverflow.com/a/69816735), without its ids and options, and in UTC.
    copied = (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:logs-insights$3FqueryDetail$3D"
        "$257E$2528end$257E$25272021-07-18T20*3a59*3a59.000Z$257Estart$257E$25272021-07-15T21*3a00*3a00.000Z"
        "$257EtimeType$257E$2527ABSOLUTE$257Etz$257E$2527UTC"
        "$257EeditorString$257E$2527fields*20*40timestamp*2c*20*40message*0a*7c*20sort*20*40timestamp*20desc*0a*7c*20"
        "filter*20*40message*20*3d*7e*20*22Exception*22*0a*7c*20limit*20200"
        "$257Esource$257E$2528$257E$2527*2faws*2flambda*2freader$2529$2529"
    )
    query = 'fields @timestamp, @message\n| sort @timestamp desc\n| filter @message =~ "Exception"\n| limit 200'
    period = Period(datetime(2021, 7, 15, 21, tzinfo=UTC), datetime(2021, 7, 18, 20, 59, 59, tzinfo=UTC))
    assert links.log_query(IRELAND, query, ["/aws/lambda/reader"], period) == copied


def test_a_query_without_a_period_is_about_the_last_hour() -> None:
    link = links.log_query(IRELAND, "limit 5", ["/a", "/b"])
    assert unfolded(link) == (
        "logsV2:logs-insights?queryDetail=~(end~0~start~-3600~timeType~'RELATIVE~tz~'UTC~unit~'seconds"
        "~editorString~'limit*205~source~(~'*2fa~'*2fb))"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [("a~b", "a*7eb"), ("$x", "!x"), ("!", "*21"), ("'(*)", "*27*28*2a*29"), ("é", "*e9"), ("€", "**20ac"),
     ("😀", "**d83d**de00"), ("50%", "50*25")],
)  # fmt: skip
def test_no_character_of_a_query_ends_what_it_stands_in(text: str, written: str) -> None:
    assert f"~editorString~'{written}~source" in unfolded(links.log_query(IRELAND, text, ["/a"]))


def test_a_log_group_and_its_lines_are_encoded_as_the_console_does_it() -> None:
    console = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/"
    group = "/aws/lambda/taskline-dev-reader"
    assert links.log_group(IRELAND, group) == f"{console}$252Faws$252Flambda$252Ftaskline-dev-reader"
    # From a link that was copied from a browser, except for its spaces, which that console wrote as $2B.
    pattern = '[ip, request != "GET /health *"]'
    assert links.log_lines(IRELAND, group, pattern) == (
        f"{console}$252Faws$252Flambda$252Ftaskline-dev-reader/log-events$3FfilterPattern$3D"
        "$255Bip$252C$2520request$2520$2521$253D$2520$2522GET$2520$252Fhealth$2520*$2522$255D"
    )


def test_an_execution_is_found_by_its_arn_and_the_minute_before_its_start() -> None:
    start = round(MOMENT.timestamp() * 1000) - 60_000
    assert links.execution(EXECUTION, MOMENT) == (
        "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/express-executions/details/"
        f"{EXECUTION}?startDate={start}"
    )


def test_an_execution_of_a_task_that_takes_long_is_found_by_its_arn_alone() -> None:
    arn = "arn:aws:states:eu-west-1:111122223333:execution:taskline-dev-long:019a-1"
    assert links.execution(arn, MOMENT) == (
        f"https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/{arn}"
    )


def test_dashboard_and_state_machine_have_their_pages() -> None:
    machine = "arn:aws:states:eu-west-1:111122223333:stateMachine:taskline-dev-workflow"
    console = "https://eu-west-1.console.aws.amazon.com"
    assert links.state_machine(machine) == f"{console}/states/home?region=eu-west-1#/statemachines/view/{machine}"
    assert links.dashboard(IRELAND, "taskline-dev") == (
        f"{console}/cloudwatch/home?region=eu-west-1#dashboards/dashboard/taskline-dev"
    )


@pytest.mark.parametrize(
    ("partition", "domain"),
    [
        ("aws", "console.aws.amazon.com"),
        ("aws-cn", "console.amazonaws.cn"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
    ],
)
def test_each_partition_has_its_own_console(partition: str, domain: str) -> None:
    arn = f"arn:{partition}:states:some-region-1:111122223333:express:m:n:u"
    assert links.execution(arn, MOMENT).startswith(f"https://some-region-1.{domain}/states/home?region=some-region-1#")


@pytest.mark.parametrize("text", ["", "0b8a-1", "arn:aws:iam::111122223333:role/x"])
def test_what_is_in_no_region_has_no_link(text: str) -> None:
    with pytest.raises(ValueError, match="not the ARN of a resource in a region"):
        links.execution(text, MOMENT)


def test_an_id_stays_inside_of_its_text_whatever_it_holds() -> None:
    query = f'filter @message like "{links.TASK}"'
    assert links.about(query, links.TASK, "019a") == 'filter @message like "019a"'
    assert links.about(query, links.TASK, 'x" or 1 = 1 #\\') == 'filter @message like "x\\" or 1 = 1 #\\\\"'


@pytest.mark.parametrize(
    ("link", "name", "placeholder"),
    [
        (links.task_log, "one-task", links.TASK),
        (links.execution_log, "one-execution", links.EXECUTION),
        (links.request_log, "one-request", links.REQUEST),
    ],
)
def test_a_stages_outputs_are_enough_for_a_link_about_one_thing(link: Any, name: str, placeholder: str) -> None:
    outputs = {
        "state_machine_arn": "arn:aws:states:eu-west-1:111122223333:stateMachine:m",
        "log_queries": {name: {"query": f'filter a = "{placeholder}"', "log_groups": ["/a"]}},
    }
    period = Period(MOMENT, MOMENT)
    assert link(outputs, "019a", period) == links.log_query(IRELAND, 'filter a = "019a"', ["/a"], period)
