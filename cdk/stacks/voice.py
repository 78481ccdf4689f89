"""The live voice path: a load balancer that takes the carrier's media sockets, and the gateways that carry the calls.

What keeps a call from being cut while gateways come and go is told in docs/operate/deploy.md; why full gateways look healthy to
the load balancer, in decision 0011.
"""

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_route53_targets as targets
from constructs import Construct

from cdk.components.alarm import Alarm
from cdk.components.domain import certificate_for, point_at
from cdk.components.firewall import Firewall
from cdk.components.gateway_task import PORT, GatewayTask
from cdk.components.scaling import CallScaling
from cdk.components.shared import SwitchboardStack, acknowledge, lookup, publish
from cdk.deployment import deployment_of
from cdk.metrics import metric

IDLE_TIMEOUT_S = 300
"""A phone's stream is never silent, and the gateway pings what is quiet for 5 s: only a dead peer gets this old."""
CALL_S_MAX = 30 * 60
"""The longest call (`Policy.duration_max_ms`; tests/stacks/test_voice.py compares them)."""
DEREGISTRATION_DELAY_S = 3600
"""The most there is, and above the longest call: ECS first waits for this, then sends SIGTERM, so that whatever task it stops, the load
balancer cuts no call. Without calls it is over at once."""
STREAM_PATH = "/twilio/stream"


class VoiceStack(SwitchboardStack):
    """Publishes what alarms and dashboards look at: load balancer, target group, cluster and service."""

    def __init__(self, scope: Construct, *, vpc: ec2.IVpc) -> None:
        super().__init__(scope, "voice", description="Switchboard's live voice path")
        self._deployment = deployment_of(self)
        self._vpc = vpc
        self._make_security_groups()
        self._make_load_balancer()
        self._make_service()
        self._publish()

    def _make_security_groups(self) -> None:
        self._edge = ec2.SecurityGroup(
            self,
            "Edge",
            vpc=self._vpc,
            description="The load balancer: TLS from the internet, the gateways behind it",
            allow_all_outbound=False,
        )
        self._inside = ec2.SecurityGroup(
            self,
            "Inside",
            vpc=self._vpc,
            description="The gateways: reached by the load balancer only, reach vendors and AWS over TLS",
            allow_all_outbound=False,
        )
        self._edge.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "Media sockets over TLS")
        self._edge.add_egress_rule(self._inside, ec2.Port.tcp(PORT), "The gateways")
        self._inside.add_ingress_rule(self._edge, ec2.Port.tcp(PORT), "The load balancer")
        self._inside.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "Vendors and AWS over TLS")
        anywhere = "The carrier calls from any of its addresses; its signature is checked on every upgrade."
        acknowledge(self._edge, {"AwsSolutions-EC23": anywhere})

    def _make_load_balancer(self) -> None:
        self._balancer = elb.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            vpc=self._vpc,
            internet_facing=True,
            security_group=self._edge,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            idle_timeout=Duration.seconds(IDLE_TIMEOUT_S),
            client_keep_alive=Duration.seconds(
                2 * CALL_S_MAX
            ),  # should it ever count for an upgraded connection
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.STRICTEST,
            waf_fail_open=True,  # a firewall that does not answer must not stop calls: they are signed
            deletion_protection=self.record.deletion_protection,
        )
        logs = lookup(self, "access-logs-bucket-name")
        for key, value in (("enabled", "true"), ("bucket", logs), ("prefix", "alb/media")):
            self._balancer.set_attribute(f"access_logs.s3.{key}", value)
        self._targets = elb.ApplicationTargetGroup(
            self,
            "Gateways",
            vpc=self._vpc,
            port=PORT,
            protocol=elb.ApplicationProtocol.HTTP,
            target_type=elb.TargetType.IP,
            # A call is one long request: the gateway with the fewest calls gets the next.
            load_balancing_algorithm_type=elb.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
            deregistration_delay=Duration.seconds(DEREGISTRATION_DELAY_S),
            health_check=elb.HealthCheck(
                path="/serving",  # not /ready: ECS stops what is unhealthy here (decision 0011)
                healthy_http_codes="200",
                interval=Duration.seconds(5),
                timeout=Duration.seconds(4),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )
        listener = self._balancer.add_listener(
            "Tls",
            port=443,
            protocol=elb.ApplicationProtocol.HTTPS,
            certificates=[certificate_for(self, self._deployment.media_domain)],
            ssl_policy=elb.SslPolicy.TLS13_12_RES_PQ,
            open=False,
            default_action=elb.ListenerAction.fixed_response(404),
        )
        # Health, readiness and everything else of the gateway stay inside.
        listener.add_action(
            "Media",
            priority=1,
            conditions=[elb.ListenerCondition.path_patterns([STREAM_PATH])],
            action=elb.ListenerAction.forward([self._targets]),
        )
        self._listener = listener
        Firewall(self, "Firewall", name="media", arn=self._balancer.load_balancer_arn)
        point_at(
            self,
            self._deployment.media_domain,
            targets.LoadBalancerTarget(self._balancer),
            host=self._balancer.load_balancer_dns_name,
        )

    def _make_service(self) -> None:
        cluster = ecs.Cluster(
            self, "Cluster", vpc=self._vpc, container_insights_v2=ecs.ContainerInsights.ENABLED
        )
        task = GatewayTask(self, "Gateway", cluster_name=cluster.cluster_name)
        self._service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=task,
            platform_version=ecs.FargatePlatformVersion.LATEST,
            security_groups=[self._inside],
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            assign_public_ip=False,
            # New tasks first, old ones go when they carry no call.
            min_healthy_percent=100,
            max_healthy_percent=200,
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.DISABLED,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            deployment_alarms=ecs.DeploymentAlarmConfig(
                alarm_names=[alarm.alarm_name for alarm in self._deployment_alarms()],
                behavior=ecs.AlarmBehavior.ROLLBACK_ON_ALARM,
            ),
            health_check_grace_period=Duration.seconds(90),
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )
        self._service.attach_to_application_target_group(self._targets)
        self._service.node.add_dependency(self._listener)
        self._cluster = cluster
        CallScaling(self, "Scaling", cluster=cluster, service=self._service)

    def _deployment_alarms(self) -> list[Alarm]:
        """What rolls a deployment back: a new version that breaks calls, or gateways that do not come up."""
        return [
            Alarm(
                self,
                "CallsCrashed",
                runbook="calls-crashed",
                says="Calls ended by a fault of ours and went to a person.",
                metric=metric(self, "CallsEnded", "Sum", period_s=60, disposition="crashed"),
                threshold=1,
                missing="fine",  # only told when it happens
            ),
            Alarm(
                self,
                "GatewaysUnhealthy",
                runbook="gateways-unhealthy",
                says="Gateways do not answer, or refuse calls without carrying any.",
                metric=cloudwatch.Metric(
                    namespace="AWS/ApplicationELB",
                    metric_name="UnHealthyHostCount",
                    dimensions_map={
                        "LoadBalancer": self._balancer.load_balancer_full_name,
                        "TargetGroup": self._targets.target_group_full_name,
                    },
                    statistic="Maximum",
                    period=Duration.minutes(1),
                ),
                threshold=1,
                points=3,
                periods=5,
                missing="keep",  # the load balancer reports nothing while it has no targets
            ),
        ]

    def _publish(self) -> None:
        publish(self, "media-load-balancer", self._balancer.load_balancer_full_name)
        publish(self, "media-target-group", self._targets.target_group_full_name)
        publish(self, "gateway-cluster", self._cluster.cluster_name)
        publish(self, "gateway-service", self._service.service_name)
        CfnOutput(
            self,
            "StreamUrl",
            value=self._deployment.stream_url,
            description="Where the carrier opens media sockets; TwiML names it, nothing is to be entered",
        )
