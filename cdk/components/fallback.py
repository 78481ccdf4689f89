"""What the carrier is told to do with a call when our webhook does not answer: a constant, served from CloudFront's edges.

It shares nothing with what it stands in for: no API Gateway, no Lambda, no firewall, no certificate or DNS zone of ours, no region. The
distribution must name an origin, and never asks it: the edge function answers every request. (A mock integration would share
the webhook's API and region, a bucket would answer no POST, which is how the carrier asks.)
"""

import json
from xml.sax.saxutils import escape

from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from constructs import Construct

from cdk.components.shared import acknowledge
from cdk.deployment import deployment_of

TEXT_TRANSFER = "We are having technical difficulties. I am connecting you to a colleague."
TEXT_GOODBYE = (
    "I am sorry, we are having technical difficulties. Please call again in a few minutes. Goodbye."
)


def fallback_twiml(handover_number: str) -> str:
    """The instructions: words, and a person if there is a number."""
    if not handover_number:
        return f"<Response><Say>{escape(TEXT_GOODBYE)}</Say><Hangup/></Response>"
    return (
        f"<Response><Say>{escape(TEXT_TRANSFER)}</Say>"
        f'<Dial answerOnBridge="true" timeout="30">{escape(handover_number)}</Dial>'
        f"<Say>{escape(TEXT_GOODBYE)}</Say><Hangup/></Response>"
    )


def edge_code(twiml: str) -> str:
    """The edge function's source: every request gets `twiml`."""
    answer = {
        "statusCode": 200,
        "statusDescription": "OK",
        "headers": {
            "content-type": {"value": "text/xml; charset=utf-8"},
            "cache-control": {"value": "no-store"},
        },
        "body": '<?xml version="1.0" encoding="UTF-8"?>' + twiml,
    }
    return f"function handler(event) {{ return {json.dumps(answer)}; }}"


class Fallback(Construct):
    """`url` is to be entered at the carrier as the fallback of the voice webhook; `distribution` has the metrics."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        deployment = deployment_of(self)
        function = cloudfront.Function(
            self,
            "Answer",
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            code=cloudfront.FunctionCode.from_inline(edge_code(fallback_twiml(deployment.handover_number))),
            comment="Static TwiML for calls that nothing else could answer",
        )
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Static TwiML for calls that nothing else could answer",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.HttpOrigin(deployment.domain),  # never asked
                allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                function_associations=[
                    cloudfront.FunctionAssociation(
                        event_type=cloudfront.FunctionEventType.VIEWER_REQUEST, function=function
                    )
                ],
            ),
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            http_version=cloudfront.HttpVersion.HTTP2,
        )
        self.url = f"https://{self.distribution.distribution_domain_name}/"
        constant = (
            "It answers everybody with the same public constant, and must go on when other things fail."
        )
        acknowledge(
            self.distribution,
            {
                "AwsSolutions-CFR1": constant,
                "AwsSolutions-CFR2": constant,
                "AwsSolutions-CFR3": "Requests are counted by its metrics; there is nothing else to know of them.",
                "AwsSolutions-CFR4": "CloudFront's own name and certificate: it must not depend on ours.",
                "AwsSolutions-CFR5": "The origin is never asked.",
            },
        )
