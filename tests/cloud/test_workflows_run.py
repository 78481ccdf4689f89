"""Workflow definitions run as they are: JSONata, functions as tasks, Retry and Catch."""

from tests.cloud.local_cloud import LocalCloud


def test_a_task_that_fails_for_a_while_is_tried_again(small_cloud: LocalCloud):
    """Two failures of a kind that Retry names, then the third attempt's answer, through JSONata."""
    ended = small_cloud.run_workflow("Workflow", {"do": "flaky", "key": "workflow", "failures": 2})

    assert ended["status"] == "SUCCEEDED"
    assert ended["output"] == {"answer": {"attempts": 3}, "upper": "DONE"}


def test_a_failure_is_caught_by_the_error_type_of_the_function(small_cloud: LocalCloud):
    """Catch names the exception's class; Assign keeps it for a later state."""
    ended = small_cloud.run_workflow("Workflow", {"do": "raise"})

    assert ended["output"] == {"caught": "ValueError"}


def test_a_function_that_times_out_is_caught_as_such(small_cloud: LocalCloud):
    """Lambda's own error name, not the workflow's time-out."""
    ended = small_cloud.run_workflow("Workflow", {"do": "sleep", "seconds": 20})

    assert ended["output"] == {"caught": "Sandbox.Timedout"}


def test_a_failure_that_nobody_expects_fails_the_execution(small_cloud: LocalCloud):
    """With the function's error type as the error's name."""
    ended = small_cloud.run_workflow("Workflow", {"do": "exit", "code": 1})

    assert (ended["status"], ended["error"]) == ("FAILED", "Runtime.ExitError")
