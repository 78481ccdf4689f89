"""The network: private subnets for everything that runs, public ones for the load balancer and NAT only."""

from aws_cdk import Fn
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from cdk.components.function import LogGroup
from cdk.components.role import WorkloadRole
from cdk.components.shared import SwitchboardStack, acknowledge_control

ADDRESSES = "10.0.0.0/16"


class NetworkStack(SwitchboardStack):
    """`vpc` is the only thing that other stacks take as an object; it changes about never."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "network", description="Switchboard's network", stateful=True)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(ADDRESSES),
            # By number, not by name: synth knows no account and may ask nobody.
            availability_zones=[Fn.select(zone, Fn.get_azs()) for zone in range(self.record.zones)],
            nat_gateways=self.record.nat_gateways,
            restrict_default_security_group=False,  # would need a custom resource; nothing of ours uses the default group
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=24,
                    map_public_ip_on_launch=False,
                ),
                # /20 = 4,091 addresses a zone, for 20,000 call slots with 400 tasks and everything to come.
                ec2.SubnetConfiguration(
                    name="private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20
                ),
            ],
            gateway_endpoints={
                # Free, and keep checkpoints and recordings off NAT.
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
        )
        acknowledge_control(
            self.vpc,
            "VPCDefaultSecurityGroupClosed",
            "Nothing uses the default group: every resource names its own.",
        )
        for subnet in self.vpc.public_subnets:
            acknowledge_control(
                subnet,
                "VPCNoUnrestrictedRouteToIGW",
                "Public subnets hold the load balancer and NAT, and nothing else.",
            )
        self._log_flows()
        self._add_interface_endpoints()

    def _log_flows(self) -> None:
        role = WorkloadRole(
            self,
            "FlowLogsRole",
            service="vpc-flow-logs.amazonaws.com",
            description="Writes the network's flow logs",
        )
        self.vpc.add_flow_log(
            "FlowLogs",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                LogGroup(self, "FlowLogsGroup", name="network/flows"), role
            ),
        )

    def _add_interface_endpoints(self) -> None:
        if not self.record.interface_endpoints:
            return
        group = ec2.SecurityGroup(
            self,
            "EndpointsGroup",
            vpc=self.vpc,
            description="AWS services inside the network: TLS from its private subnets",
            allow_all_outbound=False,
        )
        group.add_ingress_rule(ec2.Peer.ipv4(ADDRESSES), ec2.Port.tcp(443), "TLS from the network")
        for service in self.record.interface_endpoints:
            self.vpc.add_interface_endpoint(
                f"Endpoint-{service}",
                service=ec2.InterfaceVpcEndpointAwsService(service),
                security_groups=[group],
                open=False,
            )
