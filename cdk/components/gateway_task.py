"""The task that carries calls: the gateway's container, and a collector for traces beside it."""

import json

from aws_cdk import Aws, Duration, Size
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.components.bundle import bundle_image
from cdk.components.function import LogGroup
from cdk.components.role import WorkloadRole, allow_call_events, allow_facts
from cdk.components.settings import call_settings
from cdk.components.shared import (
    acknowledge,
    acknowledge_wildcard,
    environment_of,
    region_of,
)
from cdk.deployment import Deployment, deployment_of

PORT = 8080
STOP_TIMEOUT_S = 120
"""The most that Fargate grants between SIGTERM and SIGKILL."""
DRAIN_GRACE_S = 90
"""Of that, what calls have to end by themselves; handing over the others takes a clause, closing their sockets 4 s."""
FILES_MAX = 65_536
COLLECTOR = "public.ecr.aws/aws-observability/aws-otel-collector:v0.48.0"
COLLECTOR_MEMORY_MB = 256


class GatewayTask(ecs.FargateTaskDefinition):
    """Sized by the environment. `workload_role` is the gateway's own; `cluster_name` bounds what it may protect.

    The root file system is read-only but for `/tmp`. Logs never block the gateway: what CloudWatch does not take in time
    is dropped once 25 MB wait.
    """

    def __init__(self, scope: Construct, construct_id: str, *, cluster_name: str) -> None:
        record = environment_of(scope)
        self.workload_role = WorkloadRole(
            scope,
            f"{construct_id}Role",
            service="ecs-tasks.amazonaws.com",
            description="Runs fargate/voice_gateway",
        )
        execution = WorkloadRole(
            scope,
            f"{construct_id}ExecutionRole",
            service="ecs-tasks.amazonaws.com",
            description="Starts fargate/voice_gateway: pulls its image, opens its log stream",
        )
        super().__init__(
            scope,
            construct_id,
            cpu=record.task_cpu_units,
            memory_limit_mib=record.task_memory_mb,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
            task_role=self.workload_role,
            execution_role=execution,
        )
        self._log_group = LogGroup(scope, f"{construct_id}Logs", name="voice_gateway")
        self._add_gateway()
        self._add_collector()
        self._allow_protection(cluster_name)
        acknowledge_wildcard(execution, "*", "ECR's GetAuthorizationToken knows no resources.")
        settings = "No secret is among them: the gateway reads those from Secrets Manager at run time."
        acknowledge(self, {"AwsSolutions-ECS2": settings})

    def _add_gateway(self) -> None:
        record, deployment = environment_of(self), deployment_of(self)
        self.add_volume(name="tmp")
        gateway = self.add_container(
            "Gateway",
            container_name="gateway",
            image=_image(deployment),
            essential=True,
            environment={
                **call_settings(self, self.workload_role),
                **self._allow_vendors(deployment),
                "AWS_REGION": region_of(self),
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
                "SWITCHBOARD_HOST": "0.0.0.0",  # noqa: S104 - the container's interface; the security group guards it
                "SWITCHBOARD_PORT": str(PORT),
                "SWITCHBOARD_CALLS_MAX": str(record.calls_per_task),
                "SWITCHBOARD_DRAIN_GRACE_S": str(DRAIN_GRACE_S),
                "SWITCHBOARD_CALL_EVENTS_QUEUE_URL": allow_call_events(self, self.workload_role),
                "SWITCHBOARD_FACTS_STREAM": allow_facts(self, self.workload_role),
            },
            port_mappings=[ecs.PortMapping(container_port=PORT)],
            user="10001:10001",
            readonly_root_filesystem=True,
            stop_timeout=Duration.seconds(STOP_TIMEOUT_S),
            health_check=ecs.HealthCheck(
                command=["CMD", "python", "-m", "voice_gateway.health_check"],
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                retries=3,
                start_period=Duration.seconds(60),  # models are loaded and fixed phrases rendered first
            ),
            # An init process reaps children and passes SIGTERM on.
            linux_parameters=ecs.LinuxParameters(self, "GatewayLinux", init_process_enabled=True),
            ulimits=[ecs.Ulimit(name=ecs.UlimitName.NOFILE, soft_limit=FILES_MAX, hard_limit=FILES_MAX)],
            logging=self._logs("gateway"),
        )
        gateway.add_mount_points(
            ecs.MountPoint(source_volume="tmp", container_path="/tmp", read_only=False)  # noqa: S108 - a volume of its own
        )

    def _add_collector(self) -> None:
        """Traces go to it over loopback; if it dies, calls go on without traces."""
        self.add_container(
            "Collector",
            container_name="collector",
            image=ecs.ContainerImage.from_registry(COLLECTOR),
            essential=False,
            cpu=64,
            memory_limit_mib=COLLECTOR_MEMORY_MB,
            readonly_root_filesystem=True,
            environment={"AOT_CONFIG_CONTENT": json.dumps(_collector_configuration(region_of(self)))},
            logging=self._logs("collector"),
        )
        self.workload_role.add_to_policy(
            iam.PolicyStatement(
                actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources=["*"]
            )
        )
        acknowledge_wildcard(
            self.workload_role,
            "*",
            "X-Ray, Transcribe's streams and Polly's synthesis know no resources.",
        )

    def _allow_protection(self, cluster_name: str) -> None:
        tasks = f"arn:{Aws.PARTITION}:ecs:{region_of(self)}:{Aws.ACCOUNT_ID}:task/{cluster_name}/*"
        self.workload_role.add_to_policy(
            iam.PolicyStatement(
                actions=["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"], resources=[tasks]
            )
        )
        acknowledge_wildcard(
            self.workload_role, tasks, "A task's id is known when it runs; the cluster is the gateway's own."
        )

    def _allow_vendors(self, deployment: Deployment) -> dict[str, str]:
        """Give rights on those AWS services that the settings name as vendors, and no others; return the settings."""
        settings = {
            "SWITCHBOARD_ASR": deployment.asr,
            "SWITCHBOARD_LLM": deployment.llm,
            "SWITCHBOARD_TTS": deployment.tts,
        }
        named = {name.strip() for each in settings.values() for name in each.split(",")}
        for vendor in sorted(named & _VENDOR_ACTIONS.keys()):
            self.workload_role.add_to_policy(
                iam.PolicyStatement(actions=list(_VENDOR_ACTIONS[vendor]), resources=["*"])
            )
        if "bedrock" not in named:
            return settings
        model_id = deployment.model_id(region_of(self))
        # An inference profile is named for its geography and the model: us.anthropic.claude-...
        geography, _, rest = model_id.partition(".")
        model = rest if geography in _GEOGRAPHIES else model_id
        models = f"arn:{Aws.PARTITION}:bedrock:*::foundation-model/{model}"
        profile = (
            f"arn:{Aws.PARTITION}:bedrock:{region_of(self)}:{Aws.ACCOUNT_ID}:inference-profile/{model_id}"
        )
        self.workload_role.add_to_policy(
            iam.PolicyStatement(
                actions=["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
                resources=[models, profile],
            )
        )
        acknowledge_wildcard(
            self.workload_role,
            models,
            "One model, in whichever region its inference profile takes the request.",
        )
        return settings | {"BEDROCK_MODEL_ID": model_id}

    def _logs(self, prefix: str) -> ecs.LogDriver:
        return ecs.LogDrivers.aws_logs(
            stream_prefix=prefix,
            log_group=self._log_group,
            mode=ecs.AwsLogDriverMode.NON_BLOCKING,
            max_buffer_size=Size.mebibytes(25),
        )


_VENDOR_ACTIONS = {
    "transcribe": (
        "transcribe:StartStreamTranscription",
        "transcribe:StartStreamTranscriptionWebSocket",
    ),
    "polly": ("polly:SynthesizeSpeech",),
}
_GEOGRAPHIES = ("apac", "au", "eu", "global", "jp", "us")


def _image(deployment: Deployment) -> ecs.ContainerImage:
    if deployment.gateway_image:
        return ecs.ContainerImage.from_registry(deployment.gateway_image)
    return ecs.ContainerImage.from_asset(
        str(bundle_image()),
        file="fargate/voice_gateway/Dockerfile",
        platform=ecr_assets.Platform.LINUX_ARM64,
    )


def _collector_configuration(region: str) -> dict[str, object]:
    """OTLP over loopback in, X-Ray out; bounded memory, and nothing is logged of what passes."""
    return {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
        "processors": {
            "memory_limiter": {"check_interval": "1s", "limit_mib": COLLECTOR_MEMORY_MB - 64},
            "batch": {"timeout": "5s", "send_batch_max_size": 256},
        },
        "exporters": {"awsxray": {"region": region, "local_mode": False}},
        "service": {
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "batch"],
                    "exporters": ["awsxray"],
                }
            },
            "telemetry": {"logs": {"level": "warn"}},
        },
    }
