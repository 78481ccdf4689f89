"""The carrier's webhooks, and what answers when they do not."""

import json
import shutil
import subprocess
from xml.etree import ElementTree as ET

import pytest

from cdk.checks.templates import Assembly
from cdk.components.fallback import edge_code, fallback_twiml
from cdk.stacks.telephony import TIMEOUT_S, WEBHOOKS, WORKFLOW_WEBHOOKS
from switchboard.settings import read_settings
from tests.stacks.test_voice import CREDENTIALS, only

STACK = "telephony"
NODE = shutil.which("node")


def test_only_signed_posts_to_known_paths_reach_the_function(assembly: Assembly):
    """Known paths, POST only, a signature required, nothing under API Gateway's own name."""
    methods = [each.properties for each in assembly.of_type("AWS::ApiGateway::Method")]
    api = only(assembly, "AWS::ApiGateway::RestApi", STACK).properties

    assert len(methods) == len(WEBHOOKS) + len(WORKFLOW_WEBHOOKS)
    for method in methods:
        assert method["HttpMethod"] == "POST"
        assert method["RequestParameters"] == {"method.request.header.X-Twilio-Signature": True}
        assert method["Integration"]["TimeoutInMillis"] == TIMEOUT_S * 1000
    assert api["DisableExecuteApiEndpoint"]
    assert only(assembly, "AWS::WAFv2::WebACLAssociation", STACK)


def test_the_webhook_starts_warm(assembly: Assembly):
    """SnapStart on a published version, reached through the alias."""
    function = next(
        each
        for each in assembly.of_type("AWS::Lambda::Function")
        if each.path.endswith("AnswerCall/Resource")
    )
    methods = [json.dumps(each.properties) for each in assembly.of_type("AWS::ApiGateway::Method")]

    assert function.properties["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert function.properties["Timeout"] == TIMEOUT_S < 15  # the carrier's patience
    assert sum("Live" in each for each in methods) == len(WEBHOOKS)


def test_the_webhook_can_start_with_its_settings(assembly: Assembly):
    """Every variable is a setting, and with the secret's values none is missing or wrong."""
    function = next(
        each
        for each in assembly.of_type("AWS::Lambda::Function")
        if each.path.endswith("AnswerCall/Resource")
    )
    given = assembly.properties(function)["Environment"]["Variables"]
    reading = read_settings({**given, **CREDENTIALS, "AWS_REGION": "us-east-1"})  # Lambda sets the region

    assert reading.failures == ()
    assert [] == [each.setting for each in reading.problems if each.what == "is not a setting"]


def test_what_to_enter_at_the_carrier_is_printed(assembly: Assembly):
    """Webhook, status and fallback address."""
    outputs = assembly.templates[STACK]["Outputs"]

    assert {"WebhookUrl", "StatusUrl", "FallbackUrl"} <= outputs.keys()
    assert outputs["WebhookUrl"]["Value"].endswith("/twilio/voice")


def test_the_fallback_shares_nothing_with_the_webhook(assembly: Assembly):
    """Its distribution names no resource of ours but the edge function; name and certificate are CloudFront's."""
    distribution = only(assembly, "AWS::CloudFront::Distribution", STACK).properties["DistributionConfig"]
    references = json.dumps(distribution).count("Fn::GetAtt") + json.dumps(distribution).count('"Ref"')

    assert references == 1
    assert "Aliases" not in distribution
    assert "ViewerCertificate" not in distribution
    assert distribution["DefaultCacheBehavior"]["FunctionAssociations"][0]["EventType"] == "viewer-request"
    assert "POST" in distribution["DefaultCacheBehavior"]["AllowedMethods"]


@pytest.mark.parametrize(
    ("number", "verbs"), [("", ["Say", "Hangup"]), ("+14155550123", ["Say", "Dial", "Say", "Hangup"])]
)
def test_the_fallback_is_twiml(number, verbs):
    """Words, then a person where there is one, and an end."""
    response = ET.fromstring(fallback_twiml(number))

    assert response.tag == "Response"
    assert [each.tag for each in response] == verbs
    assert number in "".join(response.itertext())


@pytest.mark.skipif(NODE is None, reason="no JavaScript engine on this machine")
def test_the_edge_function_answers(tmp_path):
    """The function as it is deployed, run by a JavaScript engine: a whole answer to any request."""
    assert NODE
    script = tmp_path / "edge.js"
    script.write_text(
        edge_code(fallback_twiml("+14155550123")) + "\nconsole.log(JSON.stringify(handler({request: {}})));"
    )
    done = subprocess.run([NODE, script], check=True, capture_output=True, text=True, timeout=30)
    answer = json.loads(done.stdout)

    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"]["value"].startswith("text/xml")
    assert ET.fromstring(answer["body"].encode()).findtext("Dial") == "+14155550123"
