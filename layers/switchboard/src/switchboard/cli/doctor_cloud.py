"""The doctor's look at a deployment: `switchboard doctor --cloud`. Reads only; every call to AWS or Twilio has a deadline.

One check, one thing an operator would otherwise find out from a caller. A call that AWS refuses is a line of the
report like any other, and says which right is missing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import httpx2
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from switchboard.cli.doctor_checks import CheckResult, Outcome

STACKS = (
    "data",
    "configuration",
    "network",
    "analytics",
    "workflows",
    "telephony",
    "voice",
    "observability",
)
"""In the order in which they are deployed (cdk/app.py)."""
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
"""Written by `cdk bootstrap` with its default qualifier."""
BOOTSTRAP_VERSION_MIN = 6
"""What the default synthesizer's templates ask for."""
SECRET_KEYS = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SWITCHBOARD_STREAM_TOKEN_SECRET")
"""Without these no call can be answered; the vendors' keys depend on which vendors are named."""
VENDOR_KEYS = ("DEEPGRAM_API_KEY", "ANTHROPIC_API_KEY", "ELEVENLABS_API_KEY")
QUOTAS = (
    ("fargate", "L-3032A538", "Fargate vCPUs", 8, "two tasks, and two more while a deployment replaces them"),
    (
        "lambda",
        "L-B99A9384",
        "Lambda concurrency",
        200,
        "webhooks, workflows and the 100 that must stay free",
    ),
)
"""Service, quota code, name, least usable value, why. The codes are [unverified] here: no AWS account."""
RUNBOOKS = "docs/operate/"
TIMEOUT_S = 5.0
TWILIO_URL = "https://api.twilio.com"
NUMBERS_MAX = 100

Check = Callable[["Cloud"], Iterable[CheckResult]]


@dataclass(frozen=True, slots=True)
class Cloud:
    """The deployment to look at."""

    environment: str
    session: boto3.Session
    endpoint_url: str | None = None
    """Replaces every AWS endpoint, for a local cloud."""
    twilio_url: str = TWILIO_URL

    def client(self, service: str) -> Any:
        """A client that gives up soon."""
        config = Config(connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"total_max_attempts": 2})
        return self.session.client(service, endpoint_url=self.endpoint_url, config=config)  # type: ignore[call-overload]  # the name is a variable

    def stacks(self) -> dict[str, dict[str, Any]]:
        """The deployed stacks of this environment, by their short name."""
        prefix = f"Switchboard-{self.environment}-"
        pages = self.client("cloudformation").get_paginator("describe_stacks").paginate()
        stacks = [stack for page in pages for stack in page["Stacks"]]
        return {
            stack["StackName"].removeprefix(prefix): stack
            for stack in stacks
            if stack["StackName"].startswith(prefix)
        }

    def addresses(self) -> dict[str, str]:
        """What the telephony stack prints: `WebhookUrl`, `FallbackUrl`, `StatusUrl`; empty before it is deployed."""
        outputs = self.stacks().get("telephony", {}).get("Outputs", ())
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def secret(self) -> dict[str, str]:
        """The providers' secret; raises what AWS or JSON raise."""
        answer = self.client("secretsmanager").get_secret_value(
            SecretId=f"switchboard/{self.environment}/providers"
        )
        return msgspec.json.decode(answer["SecretString"], type=dict[str, str])


def check_cloud(cloud: Cloud) -> Iterator[CheckResult]:
    """Run all checks; without credentials there is only one thing to say."""
    identity = list(_guarded(check_identity, cloud))
    yield from identity
    if any(result.outcome is Outcome.FAIL for result in identity):
        return
    for check in CHECKS:
        yield from _guarded(check, cloud)


def check_identity(cloud: Cloud) -> Iterator[CheckResult]:
    """Who we are to AWS, and where."""
    if not cloud.session.region_name:
        hint = "Set AWS_REGION to the region that the stacks are deployed in."
        yield CheckResult("Account", "region", Outcome.FAIL, "no region is named", hint)
        return
    account = cloud.client("sts").get_caller_identity()["Account"]
    message = f"account {account}, region {cloud.session.region_name}"
    yield CheckResult("Account", "credentials", Outcome.PASS, message)


def check_bootstrap(cloud: Cloud) -> Iterator[CheckResult]:
    """`cdk bootstrap` has been run here."""
    ssm = cloud.client("ssm")
    hint = "Run: make bootstrap"
    try:
        version = int(ssm.get_parameter(Name=BOOTSTRAP_PARAMETER)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        yield CheckResult("Account", "CDK bootstrap", Outcome.FAIL, "not done in this region", hint)
        return
    if version < BOOTSTRAP_VERSION_MIN:
        message = f"version {version}, needed is {BOOTSTRAP_VERSION_MIN}"
        yield CheckResult("Account", "CDK bootstrap", Outcome.FAIL, message, hint)
    else:
        yield CheckResult("Account", "CDK bootstrap", Outcome.PASS, f"version {version}")


def check_quotas(cloud: Cloud) -> Iterator[CheckResult]:
    """The account is large enough for the smallest profile; new accounts often are not."""
    quotas = cloud.client("service-quotas")
    for service, code, name, least, why in QUOTAS:
        value = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]
        if value >= least:
            yield CheckResult("Account", name, Outcome.PASS, f"{value:g}")
        else:
            hint = f"Ask AWS for at least {least} (quota {code} of {service}): {why}."
            yield CheckResult("Account", name, Outcome.FAIL, f"only {value:g}", hint)


def check_stacks(cloud: Cloud) -> Iterator[CheckResult]:
    """Every stack is there and settled."""
    states = {name: stack["StackStatus"] for name, stack in cloud.stacks().items()}
    for name in STACKS:
        stack = f"Switchboard-{cloud.environment}-{name}"
        state = states.get(name)
        if state is None:
            hint = f"Run: make deploy ENVIRONMENT={cloud.environment} DOMAIN=... ZONE=..."
            yield CheckResult("Stacks", name, Outcome.FAIL, "not deployed", hint)
        elif state in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            yield CheckResult("Stacks", name, Outcome.PASS, state)
        elif state.endswith("IN_PROGRESS"):
            yield CheckResult("Stacks", name, Outcome.WARN, state, "Wait for it to settle.")
        else:
            hint = (
                f"Look at the stack's events: aws cloudformation describe-stack-events --stack-name {stack}"
            )
            yield CheckResult("Stacks", name, Outcome.FAIL, state, hint)


def check_secret(cloud: Cloud) -> Iterator[CheckResult]:
    """The providers' secret holds what a call needs. Values are never printed."""
    name = f"switchboard/{cloud.environment}/providers"
    hint = f"Put a new version of {name}: a JSON object whose keys are our settings' names (docs/operate/)."
    try:
        values = cloud.secret()
    except msgspec.DecodeError:
        yield CheckResult("Secrets", "providers", Outcome.FAIL, "is not a JSON object of strings", hint)
        return
    missing = [key for key in SECRET_KEYS if not values.get(key)]
    if missing:
        yield CheckResult("Secrets", "providers", Outcome.FAIL, f"lacks {', '.join(missing)}", hint)
    else:
        vendors = [key.removesuffix("_API_KEY").lower() for key in VENDOR_KEYS if values.get(key)]
        message = f"complete; vendors with a key: {', '.join(vendors) or 'none'}"
        yield CheckResult("Secrets", "providers", Outcome.PASS, message)


def check_queues(cloud: Cloud) -> Iterator[CheckResult]:
    """Nothing waits in a dead-letter queue."""
    sqs = cloud.client("sqs")
    waiting = {}
    for page in sqs.get_paginator("list_queues").paginate(
        QueueNamePrefix=f"Switchboard-{cloud.environment}-"
    ):
        for url in page.get("QueueUrls", ()):
            attributes = sqs.get_queue_attributes(
                QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
            )
            count = int(attributes["Attributes"]["ApproximateNumberOfMessages"])
            if count and ("DeadLetters" in url or "Failures" in url):
                waiting[url.rsplit("/", 1)[-1]] = count
    for name, count in waiting.items():
        hint = "See docs/operate/ for its runbook; replaying is safe."
        yield CheckResult("Health", name, Outcome.WARN, f"{count} messages were given up", hint)
    if not waiting:
        yield CheckResult("Health", "dead-letter queues", Outcome.PASS, "empty")


def check_alarms(cloud: Cloud) -> Iterator[CheckResult]:
    """No alarm of ours is on."""
    pages = (
        cloud.client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=f"Switchboard-{cloud.environment}-", StateValue="ALARM")
    )
    # Those without a page of their own only scale.
    alarms = [
        alarm
        for page in pages
        for alarm in page["MetricAlarms"]
        if RUNBOOKS in alarm.get("AlarmDescription", "")
    ]
    for alarm in alarms:
        yield CheckResult("Health", alarm["AlarmName"], Outcome.WARN, "in alarm", alarm["AlarmDescription"])
    if not alarms:
        yield CheckResult("Health", "alarms", Outcome.PASS, "none is on")


def check_webhooks(cloud: Cloud) -> Iterator[CheckResult]:
    """The webhook answers, refusing what is forged, and so does the fallback that needs nothing else alive."""
    addresses = cloud.addresses()
    forged = {"X-Twilio-Signature": "forged"}
    for name, output, expected in (("voice webhook", "WebhookUrl", 403), ("fallback", "FallbackUrl", 200)):
        url = addresses.get(output)
        if url is None:
            yield CheckResult("Telephone", name, Outcome.WARN, "not deployed yet")
            continue
        try:
            status = httpx2.post(url, data={"CallSid": "CA"}, headers=forged, timeout=TIMEOUT_S).status_code
        except httpx2.HTTPError as error:
            hint = (
                "Look at the telephony stack, its domain and certificate, and its web application firewall."
            )
            yield CheckResult("Telephone", name, Outcome.FAIL, f"{url}: {type(error).__name__}", hint)
            continue
        if status == expected:
            yield CheckResult("Telephone", name, Outcome.PASS, f"{url} answers as it must")
        else:
            hint = "Look at the function's log and the API's access log."
            message = f"{url} answers {status} to a forged request, not {expected}"
            yield CheckResult("Telephone", name, Outcome.FAIL, message, hint)


def check_numbers(cloud: Cloud) -> Iterator[CheckResult]:
    """Twilio's numbers ring here, with the fallback beside the webhook."""
    addresses = cloud.addresses()
    webhook, fallback = addresses.get("WebhookUrl"), addresses.get("FallbackUrl")
    try:
        values = cloud.secret()
    except msgspec.DecodeError:
        return  # told by the check of the secret
    account, token = values.get("TWILIO_ACCOUNT_SID", ""), values.get("TWILIO_AUTH_TOKEN", "")
    if not (webhook and account and token):
        return  # told by the checks of webhooks and secret
    url = f"{cloud.twilio_url}/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json"
    try:
        answer = httpx2.get(url, params={"PageSize": NUMBERS_MAX}, auth=(account, token), timeout=TIMEOUT_S)
    except httpx2.HTTPError as error:
        yield CheckResult("Telephone", "Twilio", Outcome.FAIL, f"not reachable: {type(error).__name__}")
        return
    if answer.status_code != httpx2.codes.OK:
        hint = "Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN in the providers' secret."
        yield CheckResult("Telephone", "Twilio", Outcome.FAIL, f"answers {answer.status_code}", hint)
        return
    numbers = answer.json()["incoming_phone_numbers"]
    ours = [number for number in numbers if number["voice_url"] == webhook]
    if not ours:
        hint = f"Set a number's voice webhook to POST {webhook}."
        yield CheckResult("Telephone", "numbers", Outcome.FAIL, f"none of {len(numbers)} rings here", hint)
    for number in ours:
        safe = number["voice_fallback_url"] == fallback
        hint = "" if safe else f"Set the number's fallback to {fallback}."
        message = "rings here" if safe else "rings here, without the fallback"
        outcome = Outcome.PASS if safe else Outcome.WARN
        yield CheckResult("Telephone", number["phone_number"], outcome, message, hint)


CHECKS: tuple[Check, ...] = (
    check_bootstrap,
    check_quotas,
    check_stacks,
    check_secret,
    check_webhooks,
    check_numbers,
    check_queues,
    check_alarms,
)


def _guarded(check: Check, cloud: Cloud) -> Iterator[CheckResult]:
    """The check's lines; what AWS refuses becomes one of them."""
    name = check.__name__.removeprefix("check_")
    try:
        yield from check(cloud)
    except ClientError as error:
        code, operation = error.response["Error"]["Code"], error.operation_name
        hint = f"The credentials in use need the right to call {operation}." if "Denied" in code else ""
        yield CheckResult("AWS", name, Outcome.FAIL, f"{operation} was refused: {code}", hint)
    except BotoCoreError as error:
        hint = "Set AWS_PROFILE, or sign in: aws sso login." if "Credentials" in type(error).__name__ else ""
        yield CheckResult("AWS", name, Outcome.FAIL, type(error).__name__, hint)
