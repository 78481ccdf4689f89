"""Types that are not made here, each with the reason. What is neither here nor made is an error."""

_SKIPPED: dict[str, str] = {
    "AWS::ApiGateway::Account": "An account setting for API Gateway's own logs.",
    "AWS::ApiGateway::BasePathMapping": "The local address is the API's only one.",
    "AWS::ApiGateway::DomainName": "The local address is the API's only one.",
    "AWS::ApiGateway::Deployment": "A snapshot of routes; here the routes are served as they are.",
    "AWS::ApiGateway::GatewayResponse": "Shapes API Gateway's own refusals.",
    "AWS::ApiGateway::RequestValidator": "The functions check their requests themselves.",
    "AWS::ApplicationAutoScaling::*": "One gateway process runs here.",
    "AWS::Backup::*": "State lives in memory.",
    "AWS::CDK::Metadata": "Usage reporting.",
    "AWS::CertificateManager::*": "Local addresses are plain HTTP.",
    "AWS::CloudFront::*": "It answers from outside the region when everything else is down.",
    "AWS::CloudTrail::*": "moto has no audit trail of its calls.",
    "AWS::CodeDeploy::*": "Nothing is rolled out here.",
    "AWS::EC2::*": "Everything talks over loopback.",
    "AWS::ECR::*": "The gateway runs as a process, not from an image.",
    "AWS::ECS::CapacityProvider": "The gateway runs as a process.",
    "AWS::ECS::Cluster": "The gateway runs as a process.",
    "AWS::ECS::ClusterCapacityProviderAssociations": "The gateway runs as a process.",
    "AWS::ECS::Service": "The gateway runs as a process, with its task definition's environment.",
    "AWS::ElasticLoadBalancingV2::*": "The local edge (switchboard.cli.edge) routes instead.",
    "AWS::Lambda::LayerVersion": "It holds arm64 code; functions run from the repository with .venv.",
    "AWS::Lambda::Permission": "moto does not evaluate permissions to invoke.",
    "AWS::Route53::*": "Everything is on loopback.",
    "AWS::S3::StorageLens": "Usage statistics of an account.",
    "AWS::SecretsManager::RotationSchedule": "Rotation is tried by hand: put_secret_value.",
    "AWS::ServiceDiscovery::*": "Everything is on loopback.",
    "AWS::Synthetics::*": "Calls the deployed service from outside.",
    "AWS::WAFv2::*": "Requests come from this machine only.",
    "AWS::XRay::*": "Traces have no collector here.",
    "Custom::*": "Code of CDK's own for the deployment itself.",
}


def skip_reason(kind: str) -> str | None:
    """Why resources of this type are not made; None for a type that is not on the list."""
    service = f"{kind.rpartition('::')[0]}::*"
    return _SKIPPED.get(kind) or _SKIPPED.get(service)
