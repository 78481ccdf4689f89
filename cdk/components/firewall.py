"""The web application firewall before everything that the carrier reaches.

What gets through is still checked by its signature; the firewall keeps noise and floods away from what costs capacity. Frames of an
open media socket are not inspected, only its handshake. No list of hosting providers: Twilio is on AWS.
"""

from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from cdk.components.function import LogGroup
from cdk.components.shared import PRODUCT, environment_of

_MANAGED = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
)
_COUNTED = {"AWSManagedRulesCommonRuleSet": ("NoUserAgent_HEADER",)}
"""Rules that only count: nobody promises that the carrier's media servers name themselves."""


class Firewall(wafv2.CfnWebACL):
    """Guards the resource `arn`. Metrics: `switchboard-<environment>-<name>`, with one per rule.

    Blocked and counted requests are logged, allowed ones are not: the load balancer and the API log those.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str, arn: str) -> None:
        record = environment_of(scope)
        metric = firewall_metric(scope, name)
        super().__init__(
            scope,
            construct_id,
            name=metric,
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible(metric),
            rules=[
                wafv2.CfnWebACL.RuleProperty(
                    name="unsigned",
                    priority=0,
                    statement=_unsigned(),
                    action=wafv2.CfnWebACL.RuleActionProperty(block={}),
                    visibility_config=_visible(f"{metric}-unsigned"),
                ),
                wafv2.CfnWebACL.RuleProperty(
                    name="rate",
                    priority=1,
                    statement=wafv2.CfnWebACL.StatementProperty(
                        rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                            aggregate_key_type="IP",
                            limit=record.webhook_requests_per_5_min_max,
                            evaluation_window_sec=300,
                        )
                    ),
                    action=wafv2.CfnWebACL.RuleActionProperty(block={}),
                    visibility_config=_visible(f"{metric}-rate"),
                ),
                *(_managed(rules, priority, metric) for priority, rules in enumerate(_MANAGED, start=2)),
            ],
        )
        association = wafv2.CfnWebACLAssociation(
            scope, f"{construct_id}Association", resource_arn=arn, web_acl_arn=self.attr_arn
        )
        association.add_resource_dependency(self)
        # CloudWatch takes the firewall's logs in groups whose name begins like this only.
        log_group = LogGroup(scope, f"{construct_id}Logs", name="firewall", prefix=f"aws-waf-logs-{name}")
        wafv2.CfnLoggingConfiguration(
            scope,
            f"{construct_id}Logging",
            resource_arn=self.attr_arn,
            log_destination_configs=[log_group.log_group_arn],
            logging_filter={
                "DefaultBehavior": "DROP",
                "Filters": [
                    {
                        "Behavior": "KEEP",
                        "Requirement": "MEETS_ANY",
                        "Conditions": [
                            {"ActionCondition": {"Action": "BLOCK"}},
                            {"ActionCondition": {"Action": "COUNT"}},
                        ],
                    }
                ],
            },
        )


def firewall_metric(scope: Construct, name: str) -> str:
    """The dimension `WebACL` of the firewall's metrics."""
    return f"{PRODUCT}-{environment_of(scope).name}-{name}"


def _unsigned() -> wafv2.CfnWebACL.StatementProperty:
    """Requests without the carrier's signature; whether it is the right one only the handler can tell."""
    signature = wafv2.CfnWebACL.StatementProperty(
        size_constraint_statement=wafv2.CfnWebACL.SizeConstraintStatementProperty(
            field_to_match=wafv2.CfnWebACL.FieldToMatchProperty(single_header={"Name": "x-twilio-signature"}),
            comparison_operator="GT",
            size=0,
            text_transformations=[wafv2.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")],
        )
    )
    return wafv2.CfnWebACL.StatementProperty(
        not_statement=wafv2.CfnWebACL.NotStatementProperty(statement=signature)
    )


def _managed(rules: str, priority: int, metric: str) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name=rules,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=rules,
                rule_action_overrides=[
                    wafv2.CfnWebACL.RuleActionOverrideProperty(
                        name=rule, action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={})
                    )
                    for rule in _COUNTED.get(rules, ())
                ]
                or None,
            )
        ),
        visibility_config=_visible(f"{metric}-{rules}"),
    )


def _visible(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=True
    )
