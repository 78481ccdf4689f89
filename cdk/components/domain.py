"""Names and certificates: made in the Route 53 zone where one is given, else taken as they are."""

from aws_cdk import Annotations, CfnOutput, CfnParameter
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from constructs import Construct

from cdk.components.shared import once_per_stack
from cdk.deployment import deployment_of


def certificate_for(scope: Construct, name: str) -> acm.ICertificate:
    """A certificate for the host `name`.

    Templates made without a domain take its ARN as a parameter without a default, so that a deployment of them
    fails before it has made anything.
    """
    deployment = deployment_of(scope)
    if deployment.hosted_zone_id:
        return acm.Certificate(
            scope,
            "Certificate",
            domain_name=name,
            validation=acm.CertificateValidation.from_dns(_zone(scope)),
        )
    if deployment.certificate_arn:
        return acm.Certificate.from_certificate_arn(scope, "Certificate", deployment.certificate_arn)
    Annotations.of(scope).add_warning_v2(
        "switchboard:no-domain",
        "No domain is given: these templates can be checked, not deployed. Add -c domain=voice.example.com "
        "-c hosted_zone_id=Z... (docs/operate/deploy.md).",
    )
    arn = CfnParameter(
        scope,
        "CertificateArn",
        description="Only in templates made without -c domain=...; give the domain instead of this.",
        allowed_pattern=r"arn:aws[\w-]*:acm:.+",
        constraint_description="an ACM certificate's ARN. Better: synthesise with -c domain=... -c hosted_zone_id=...",
    )
    return acm.Certificate.from_certificate_arn(scope, "Certificate", arn.value_as_string)


def point_at(scope: Construct, name: str, target: route53.IAliasRecordTarget, *, host: str) -> None:
    """Let `name` lead to `target`, whose own name is `host`: in the zone if there is one, else say what to enter."""
    if deployment_of(scope).hosted_zone_id:
        route53.ARecord(
            scope,
            "Record",
            zone=_zone(scope),
            record_name=f"{name}.",
            target=route53.RecordTarget.from_alias(target),
        )
        return
    CfnOutput(
        scope, "RecordToEnter", value=f"{name} CNAME {host}", description="Enter this at your DNS provider"
    )


def _zone(scope: Construct) -> route53.IHostedZone:
    deployment = deployment_of(scope)
    return once_per_stack(
        scope,
        "Zone",
        lambda stack: route53.HostedZone.from_hosted_zone_attributes(
            stack, "Zone", hosted_zone_id=deployment.hosted_zone_id, zone_name=deployment.domain
        ),
    )
