"""The carrier's webhooks: an API with a firewall, the function that answers, and a constant that answers when they do not."""

from collections.abc import Mapping, Sequence

from aws_cdk import Aws, CfnOutput, Duration, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_route53_targets as targets
from constructs import Construct

from cdk.components.domain import certificate_for, point_at
from cdk.components.fallback import Fallback
from cdk.components.firewall import Firewall
from cdk.components.function import Function, LogGroup
from cdk.components.role import WorkloadRole
from cdk.components.settings import call_settings
from cdk.components.shared import (
    PRODUCT,
    SwitchboardStack,
    acknowledge,
    acknowledge_control,
    acknowledge_wildcard,
    lookup,
    publish,
)
from cdk.deployment import deployment_of

TIMEOUT_S = 10
"""The carrier waits 15 s, the caller hears nothing meanwhile; ordinary answers take far below one second."""
WEBHOOKS = ("voice", "resume", "status")
WORKFLOW_WEBHOOKS = {
    "callback": "report-callback-function-arn",
    "voicemail": "receive-voicemail-function-arn",
}
"""Workflow, and path of its webhook -> the published name of its function."""
BURST_MIN, BURST_MAX = 200, 5_000
"""A burst of one request for every call there may be, as after a lost zone; above 5,000 is AWS's to grant."""
SIGNED = "Every request is signed by the carrier, which the handler checks; an authorizer could not, without the body."


class TelephonyStack(SwitchboardStack):
    """Publishes `webhook-api-name`, `webhook-function-name` and `fallback-distribution-id`; prints what to enter at the carrier.

    `workflows` are the names of those that there are: two of them have a webhook of their own.
    """

    def __init__(self, scope: Construct, *, workflows: Sequence[str]) -> None:
        super().__init__(scope, "telephony", description="Switchboard's telephony webhooks")
        self._deployment = deployment_of(self)
        functions: dict[str, lambda_.IFunction] = dict.fromkeys(WEBHOOKS, self._make_function())
        functions |= {name: self._function_named(name) for name in WORKFLOW_WEBHOOKS if name in workflows}
        self._make_api(functions)
        self._fallback = Fallback(self, "Fallback")
        publish(self, "fallback-distribution-id", self._fallback.distribution.distribution_id)
        self._print()

    def _make_function(self) -> lambda_.Alias:
        function = Function(
            self,
            "AnswerCall",
            folder="answer_call",
            description="Answers the carrier's webhooks",
            timeout_s=TIMEOUT_S,
            memory_mb=1024,  # CPU comes with memory; a caller waits for this function
            concurrency_max=self.record.webhook_concurrency_max,
            snap_start=not self.record.webhook_warm,
        )
        for name, value in call_settings(self, function.workload_role).items():
            function.add_environment(name, value)
        publish(self, "webhook-function-name", function.function_name)
        return function.live(warm=self.record.webhook_warm)

    def _function_named(self, webhook: str) -> lambda_.IFunction:
        return lambda_.Function.from_function_attributes(
            self,
            f"Answer-{webhook}",
            function_arn=lookup(self, WORKFLOW_WEBHOOKS[webhook]),
            same_environment=True,  # the API may be let in
        )

    def _make_api(self, functions: Mapping[str, lambda_.IFunction]) -> None:
        account = self._allow_api_logs()
        log_group = LogGroup(self, "AccessLogs", name="webhooks/access")
        burst = min(BURST_MAX, max(BURST_MIN, self.record.calls_max))
        api = apigateway.RestApi(
            self,
            "Webhooks",
            rest_api_name=f"{PRODUCT}-{self.record.name}-webhooks",
            description="The carrier's webhooks",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # Under our own name only: signatures are made for it.
            disable_execute_api_endpoint=True,
            cloud_watch_role=False,
            domain_name=apigateway.DomainNameOptions(
                domain_name=self._deployment.domain,
                certificate=certificate_for(self, self._deployment.domain),
                endpoint_type=apigateway.EndpointType.REGIONAL,
                security_policy=apigateway.SecurityPolicy.TLS_1_2,
            ),
            deploy_options=apigateway.StageOptions(
                stage_name="live",
                tracing_enabled=True,
                metrics_enabled=True,
                throttling_burst_limit=burst,
                throttling_rate_limit=burst / 2,
                # Errors with our words only: bodies hold telephone numbers.
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                data_trace_enabled=False,
                access_log_destination=apigateway.LogGroupLogDestination(log_group),
                access_log_format=_access_log_format(),
            ),
        )
        api.node.try_remove_child("Endpoint")  # an output with the address that is disabled
        api.deployment_stage.node.add_dependency(account)
        self._add_webhooks(api, functions)
        Firewall(self, "Firewall", name="webhooks", arn=api.deployment_stage.stage_arn)
        assert api.domain_name is not None, "given above"
        point_at(
            self,
            self._deployment.domain,
            targets.ApiGatewayDomain(api.domain_name),
            host=api.domain_name.domain_name_alias_domain_name,
        )
        publish(self, "webhook-api-name", api.rest_api_name)
        acknowledge(
            api,
            {
                "AwsSolutions-APIG2": "Its validator refuses requests without a signature; API Gateway validates JSON bodies, not forms.",
                "AwsSolutions-APIG4": SIGNED,
                "AwsSolutions-COG4": SIGNED,
                "AwsSolutions-APIG6": "Every request is in the access log; execution logs hold errors only.",
            },
        )
        acknowledge_control(
            api, "APIGWCacheEnabledAndEncrypted", "Every answer belongs to one call; nothing may be cached."
        )
        acknowledge_control(
            api,
            "APIGWSSLEnabled",
            "A client certificate is for HTTP backends; this one is a function, called by IAM.",
        )

    def _add_webhooks(self, api: apigateway.RestApi, functions: Mapping[str, lambda_.IFunction]) -> None:
        validator = api.add_request_validator(
            "Signed", request_validator_name="signed", validate_request_parameters=True
        )
        folder = api.root.add_resource("twilio")
        for name, function in functions.items():
            folder.add_resource(name).add_method(
                "POST",
                apigateway.LambdaIntegration(
                    function, timeout=Duration.seconds(TIMEOUT_S), allow_test_invoke=False
                ),
                request_validator=validator,
                request_parameters={"method.request.header.X-Twilio-Signature": True},
            )

    def _allow_api_logs(self) -> apigateway.CfnAccount:
        """API Gateway writes logs with one role per account and region; the newest environment's is as good as any."""
        role = WorkloadRole(
            self,
            "ApiLogsRole",
            service="apigateway.amazonaws.com",
            description="Writes API Gateway's logs, of all APIs in this region",
        )
        groups = f"arn:{Aws.PARTITION}:logs:{self.region}:{Aws.ACCOUNT_ID}:*"
        role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogGroups",
                    "logs:DescribeLogStreams",
                    "logs:FilterLogEvents",
                    "logs:GetLogEvents",
                    "logs:PutLogEvents",
                ],
                resources=[groups],
            )
        )
        acknowledge_wildcard(
            role, groups, "One role for all APIs of the account: API Gateway knows no other way."
        )
        account = apigateway.CfnAccount(self, "ApiAccount", cloud_watch_role_arn=role.role_arn)
        account.node.add_dependency(role)
        for kept in (account, role):
            kept.apply_removal_policy(RemovalPolicy.RETAIN)
        return account

    def _print(self) -> None:
        base = f"{self._deployment.public_base_url}/twilio"
        for name, value, description in (
            ("WebhookUrl", f"{base}/voice", "At the carrier: a call comes in (HTTP POST)"),
            ("StatusUrl", f"{base}/status", "At the carrier: call status changes (HTTP POST)"),
            ("FallbackUrl", self._fallback.url, "At the carrier: primary handler fails (HTTP POST)"),
        ):
            CfnOutput(self, name, value=value, description=description)


def _access_log_format() -> apigateway.AccessLogFormat:
    """Who asked for what and how it went; nothing of the call."""
    field = apigateway.AccessLogField
    return apigateway.AccessLogFormat.custom(
        "{"
        + ",".join(
            f'"{name}":"{value}"'
            for name, value in (
                ("at", field.context_request_time()),
                ("request_id", field.context_request_id()),
                ("source_ip", field.context_identity_source_ip()),
                ("method", field.context_http_method()),
                ("path", field.context_path()),
                ("status", field.context_status()),
                ("latency_ms", field.context_response_latency()),
                ("integration_latency_ms", field.context_integration_latency()),
                ("waf", field.context_waf_response_code()),
                ("trace", field.context_xray_trace_id()),
            )
        )
        + "}"
    )
