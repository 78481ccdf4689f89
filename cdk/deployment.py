"""What only the people who deploy can know: names, certificates, vendors. Read from the CDK context.

Give them as `-c domain=voice.example.com`, or keep them in the `context` of cdk.json. Sizes and limits are no part of this: they
stand in `environments.py`.
"""

import re
from dataclasses import dataclass, fields
from typing import Any

from constructs import IConstruct

NO_DOMAIN = "no-domain-given.invalid"
"""A name that cannot exist (RFC 2606): templates made with it can be read and checked, not used."""

MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"

_DOMAIN = re.compile(r"(?=.{4,200}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_CERTIFICATE = re.compile(r"arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate/[\w-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Every value may be left out; without `domain` nothing can be deployed that takes calls."""

    domain: str = NO_DOMAIN
    """Where the carrier finds us: webhooks at `https://<domain>`, media at `wss://media.<domain>`."""
    hosted_zone_id: str = ""
    """The Route 53 zone that holds `domain`: certificates and records are made in it."""
    certificate_arn: str = ""
    """Instead of a zone: a certificate in this region for both names; the records are then made by hand."""
    handover_number: str = ""
    """Who takes calls that the agent hands over, and those that nothing else could answer (E.164)."""
    gateway_image: str = ""
    """An image that is already in a registry; without it the CDK command line builds the Dockerfile (needs Docker)."""
    asr: str = "transcribe"
    llm: str = "bedrock"
    tts: str = "polly"
    """Vendors in order of preference. The defaults need no keys, only rights that the stacks give."""
    bedrock_model_id: str = ""
    """The model that answers callers, or its inference profile; `model_id` has the default."""

    def __post_init__(self) -> None:
        """Refuse what CloudFormation or the gateway would refuse half an hour later."""
        if not _DOMAIN.fullmatch(self.domain):
            raise ValueError(
                f"-c domain={self.domain} is not a domain name in small letters, such as voice.example.com."
            )
        if self.handover_number and not _NUMBER.fullmatch(self.handover_number):
            raise ValueError(f"-c handover_number={self.handover_number} is not like +14155550123.")
        if self.certificate_arn and not _CERTIFICATE.fullmatch(self.certificate_arn):
            raise ValueError(
                f"-c certificate_arn={self.certificate_arn} is not the ARN of an ACM certificate."
            )
        if self.certificate_arn and self.hosted_zone_id:
            raise ValueError("Give hosted_zone_id or certificate_arn, not both.")
        if self.is_deployable and not (self.certificate_arn or self.hosted_zone_id):
            raise ValueError(
                f"-c domain={self.domain} needs a certificate: give its Route 53 zone (-c hosted_zone_id=Z...) and it is made, "
                "or give one (-c certificate_arn=arn:aws:acm:...)."
            )

    @property
    def is_deployable(self) -> bool:
        """Whether a domain was given."""
        return self.domain != NO_DOMAIN

    def model_id(self, region: str) -> str:
        """What Bedrock is asked for: as given, else a fast model that stays within the region's geography.

        Raises `ValueError` where no default is known.
        """
        geography = region.partition("-")[0]
        if self.bedrock_model_id:
            return self.bedrock_model_id
        if geography not in {"us", "eu"}:
            raise ValueError(
                f"There is no default model for {region}. Give -c bedrock_model_id=<model or inference profile>."
            )
        return f"{geography}.{MODEL}"

    @property
    def media_domain(self) -> str:
        """The load balancer's name: apart from the webhooks', which API Gateway serves."""
        return f"media.{self.domain}"

    @property
    def public_base_url(self) -> str:
        """PUBLIC_BASE_URL: what the carrier signs webhooks for."""
        return f"https://{self.domain}"

    @property
    def stream_url(self) -> str:
        """STREAM_URL: what the carrier signs media sockets for."""
        return f"wss://{self.media_domain}/twilio/stream"


def deployment_of(scope: IConstruct) -> Deployment:
    """The values in the context; raises `ValueError` that says what to give."""
    given: dict[str, Any] = {each.name: scope.node.try_get_context(each.name) for each in fields(Deployment)}
    return Deployment(**{name: str(value) for name, value in given.items() if value})
