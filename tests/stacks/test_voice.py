"""The voice path as a DevOps engineer and an auditor would read it from the template."""

import json
from itertools import pairwise
from typing import Any

import pytest

from cdk.checks.templates import Assembly, Resource
from cdk.components.gateway_task import DRAIN_GRACE_S, STOP_TIMEOUT_S
from cdk.components.scaling import FREE_SHARE, IN_SHARE
from cdk.environments import ENVIRONMENTS, STARTER
from cdk.stacks.voice import CALL_S_MAX, DEREGISTRATION_DELAY_S
from switchboard.adapters.embedded.agent import BRIGHTLINE
from switchboard.conversation.policy import Policy
from switchboard.settings import read_settings
from voice_gateway.socket import CLOSE_TIMEOUT_S

CREDENTIALS = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "a" * 32,
    "SWITCHBOARD_STREAM_TOKEN_SECRET": "s" * 64,
}


def only(assembly: Assembly, kind: str, stack: str = "voice") -> Resource:
    (found,) = (each for each in assembly.of_type(kind) if each.stack == stack)
    return found


def containers(assembly: Assembly) -> dict[str, dict[str, Any]]:
    task = assembly.properties(only(assembly, "AWS::ECS::TaskDefinition"))
    return {each["Name"]: each for each in task["ContainerDefinitions"]}


def attributes(resource: Resource, key: str) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in resource.properties[key]}


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in container["Environment"]}


def test_being_full_is_no_reason_to_be_stopped(assembly: Assembly):
    """The load balancer's check is neither readiness nor shared with the container's (decision 0011)."""
    group = only(assembly, "AWS::ElasticLoadBalancingV2::TargetGroup")

    assert group.properties["HealthCheckPath"] == "/serving"
    assert containers(assembly)["gateway"]["HealthCheck"]["Command"] == [
        "CMD",
        "python",
        "-m",
        "voice_gateway.health_check",
    ]


def test_no_wait_cuts_a_call(assembly: Assembly):
    """The longest call fits into the deregistration delay; draining and closing fit between SIGTERM and SIGKILL."""
    group = only(assembly, "AWS::ElasticLoadBalancingV2::TargetGroup")
    gateway = containers(assembly)["gateway"]

    assert Policy(BRIGHTLINE).duration_max_ms == CALL_S_MAX * 1000
    assert attributes(group, "TargetGroupAttributes")["deregistration_delay.timeout_seconds"] == "3600"
    assert DEREGISTRATION_DELAY_S >= CALL_S_MAX
    assert gateway["StopTimeout"] == STOP_TIMEOUT_S == 120
    assert DRAIN_GRACE_S + 10 + 2 * CLOSE_TIMEOUT_S < STOP_TIMEOUT_S
    assert environment(gateway)["SWITCHBOARD_DRAIN_GRACE_S"] == str(DRAIN_GRACE_S)


def test_calls_go_where_fewest_are(assembly: Assembly):
    """Least outstanding requests, and no slow start, which it excludes."""
    found = attributes(only(assembly, "AWS::ElasticLoadBalancingV2::TargetGroup"), "TargetGroupAttributes")

    assert found["load_balancing.algorithm.type"] == "least_outstanding_requests"
    assert "slow_start.duration_seconds" not in found


def test_deployments_and_zones_do_not_stop_gateways_first(assembly: Assembly):
    """New ones first, rollback by breaker and alarms, no rebalancing, protection allowed for the cluster's tasks only."""
    service = only(assembly, "AWS::ECS::Service").properties
    deployment = service["DeploymentConfiguration"]

    assert service["AvailabilityZoneRebalancing"] == "DISABLED"
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert deployment["Alarms"]["Rollback"]
    assert len(deployment["Alarms"]["AlarmNames"]) == 2
    assert (
        "DesiredCount" not in service
    )  # scaling owns it: a deployment would set it back in the middle of a rush
    text = json.dumps(
        [each.properties for each in assembly.of_type("AWS::IAM::Policy") if each.stack == "voice"]
    )
    assert "ecs:UpdateTaskProtection" in text
    assert "task/" in text


def test_only_the_media_path_is_public(assembly: Assembly):
    """TLS 1.2 and 1.3 on 443, everything but the media socket is 404, and the firewall stands before it."""
    listener = only(assembly, "AWS::ElasticLoadBalancingV2::Listener").properties
    rule = only(assembly, "AWS::ElasticLoadBalancingV2::ListenerRule").properties
    balancer = attributes(
        only(assembly, "AWS::ElasticLoadBalancingV2::LoadBalancer"), "LoadBalancerAttributes"
    )

    assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
    assert listener["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-Res")
    assert listener["DefaultActions"][0]["FixedResponseConfig"] == {"StatusCode": "404"}
    assert rule["Conditions"] == [
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/twilio/stream"]}}
    ]
    assert balancer["access_logs.s3.enabled"] == "true"
    assert balancer["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert only(assembly, "AWS::WAFv2::WebACLAssociation")
    open_ports = [
        (each["FromPort"], each["CidrIp"])
        for group in assembly.of_type("AWS::EC2::SecurityGroup")
        if group.stack == "voice"
        for each in group.properties.get("SecurityGroupIngress", [])
    ]
    assert open_ports == [(443, "0.0.0.0/0")]


def test_the_gateway_container(assembly: Assembly):
    """arm64, no root, read-only, an init process, enough files, and logs that never block."""
    task = only(assembly, "AWS::ECS::TaskDefinition").properties
    gateway, collector = (containers(assembly)[name] for name in ("gateway", "collector"))

    assert task["RuntimePlatform"]["CpuArchitecture"] == "ARM64"
    assert gateway["User"] == "10001:10001"
    assert gateway["ReadonlyRootFilesystem"]
    assert gateway["LinuxParameters"]["InitProcessEnabled"]
    assert gateway["Ulimits"] == [{"Name": "nofile", "SoftLimit": 65_536, "HardLimit": 65_536}]
    assert gateway["LogConfiguration"]["Options"]["mode"] == "non-blocking"
    assert (gateway["Essential"], collector["Essential"]) == (True, False)
    assert "Secrets" not in gateway  # injected once at the start, they could not be rotated


def test_the_gateway_can_start_with_its_settings(assembly: Assembly):
    """Every variable is a setting, and with the secret's values none is missing or wrong."""
    given = environment(containers(assembly)["gateway"])
    reading = read_settings({**given, **CREDENTIALS})

    assert reading.failures == ()
    assert [] == [each.setting for each in reading.problems if each.what == "is not a setting"]
    assert reading.settings.stream_url == given["STREAM_URL"]
    assert reading.settings.calls_max == STARTER.calls_per_task
    assert not reading.settings.web_calls


def policies(assembly: Assembly) -> dict[str, dict[str, Any]]:
    return {
        each.properties["PolicyName"]: dict(each.properties)
        for each in assembly.of_type("AWS::ApplicationAutoScaling::ScalingPolicy")
    }


def test_scaling_looks_at_call_slots_only(assembly: Assembly):
    """Out by tracking and by steps without a gap, in by one slow step."""
    target = only(assembly, "AWS::ApplicationAutoScaling::ScalableTarget").properties
    tracking, steps_in, steps_out = (
        next(each for name, each in policies(assembly).items() if part in name)
        for part in ("KeepSlotsFree", "ScalingIn", "ScalingOut")
    )
    tracked = tracking["TargetTrackingScalingPolicyConfiguration"]
    out = steps_out["StepScalingPolicyConfiguration"]["StepAdjustments"]

    assert (target["MinCapacity"], target["MaxCapacity"]) == (STARTER.tasks_min, STARTER.tasks_max)
    assert tracked["DisableScaleIn"]
    assert tracked["TargetValue"] == STARTER.calls_per_task * (1 - FREE_SHARE)
    assert tracked["CustomizedMetricSpecification"]["MetricName"] == "LiveCalls"
    assert "MetricIntervalLowerBound" not in out[0]  # down to no free slot at all
    assert out[-1]["MetricIntervalUpperBound"] == 0
    assert all(
        before["MetricIntervalUpperBound"] == after["MetricIntervalLowerBound"]
        and before["ScalingAdjustment"] > after["ScalingAdjustment"]
        for before, after in pairwise(out)
    )
    assert steps_in["StepScalingPolicyConfiguration"]["StepAdjustments"] == [
        {"MetricIntervalLowerBound": 0, "ScalingAdjustment": -10}
    ]


@pytest.mark.parametrize("record", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_scaling_does_not_swing(record):
    """What scaling in leaves is still far from what scales out; at the promised load half the slots are free."""
    taken = 1 - IN_SHARE
    for tasks in range(record.tasks_min + 1, record.tasks_max + 1):
        fewer = tasks - max(1, tasks // 10)
        assert taken * tasks / fewer < 1 - FREE_SHARE
    assert record.calls_max <= (1 - FREE_SHARE) * record.slots_max
