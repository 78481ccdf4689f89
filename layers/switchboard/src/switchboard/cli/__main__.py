"""The `switchboard` command."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import boto3
import msgspec
import typer

from switchboard.adapters.embedded.tenants import demo_tenant
from switchboard.adapters.twilio.telephony import TwilioTelephony
from switchboard.cli.demo import run_demo
from switchboard.cli.doctor import run_cloud_doctor, run_doctor
from switchboard.cli.doctor_cloud import Cloud
from switchboard.cli.up import run_up
from switchboard.ports.errors import ProviderError
from switchboard.settings import Settings, SettingsError, environment, load_settings, read_settings

main = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Switchboard, the voice-agent platform.",
)


@main.callback()
def _root() -> None:
    """Hold the options common to all commands: none so far."""


@main.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where the recording, journal and logs go.")] = Path("build/demo"),
) -> None:
    """Play one whole telephone call on this machine and judge it. Exit code: 0 only if it went as it must."""
    raise typer.Exit(asyncio.run(run_demo(out_dir=out)))


@main.command()
def up(
    logs: Annotated[Path, typer.Option(help="Where the logs go.")] = Path("build/up"),
    webhooks: Annotated[
        str, typer.Option(help="Who answers /twilio/* instead of a process of its own: http://host:port.")
    ] = "",
) -> None:
    """Keep the platform running on this machine, with a softphone in the browser."""
    raise typer.Exit(asyncio.run(run_up(log_dir=logs, webhooks_url=webhooks)))


@main.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with a stable schema.")] = False,
    cloud: Annotated[bool, typer.Option("--cloud", help="Look at a deployment on AWS instead.")] = False,
    environment: Annotated[
        str, typer.Option(help="With --cloud: which deployment, as in cdk/environments.py.")
    ] = "starter",
) -> None:
    """Check this machine and its settings, or a deployment. Exit code: 0 healthy, 1 warnings, 2 failures."""
    if cloud:
        deployment = Cloud(environment, boto3.Session(), os.environ.get("AWS_ENDPOINT_URL"))
        raise typer.Exit(run_cloud_doctor(deployment, as_json=as_json))
    raise typer.Exit(run_doctor(as_json=as_json))


@main.command()
def example_tenant(
    number: Annotated[str, typer.Option(help="The number on which it is called, as +14155550123.")] = "",
) -> None:
    """Print the example tenant's configuration: a document to begin your own from."""
    settings = read_settings(environment()).settings
    tenant = demo_tenant(handover_number=settings.handover_number)
    tenant = msgspec.structs.replace(tenant, numbers=(number,) if number else ())
    typer.echo(msgspec.json.format(msgspec.json.encode(tenant)).decode())


@main.command()
def classify(
    tenant: Annotated[
        str, typer.Option(help="Whose callers they are. All tenants share one classifier so far.")
    ] = "",
) -> None:
    """Read JSON lines {"text"} and write what each caller wants. Exit code: 0 only if every line could be read."""
    del tenant  # accepted now, so that scripts need not change when tenants bring words of their own
    # The vendors' SDKs take seconds to import, which no other command should wait for.
    from switchboard.cli import classify as command  # noqa: PLC0415

    try:
        settings = load_settings()
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None

    async def run() -> int:
        async with command.classifier_of(settings) as classifier:
            return await command.run_classify(
                classifier, lines=sys.stdin.buffer, out=sys.stdout, errors=sys.stderr
            )

    raise typer.Exit(asyncio.run(run()))


@main.command()
def call(
    to: Annotated[str, typer.Argument(help="The number to call, as +14155550123.")],
    from_: Annotated[str, typer.Option("--from", help="Your Twilio number.")],
) -> None:
    """Call a number by telephone and connect it to the agent."""
    try:
        settings = load_settings()
        if not settings.twilio_account_sid:
            raise typer.BadParameter("TWILIO_ACCOUNT_SID is missing; see: switchboard doctor")
        typer.echo(asyncio.run(_place_call(settings, to=to, from_=from_)))
    except (SettingsError, ProviderError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


async def _place_call(settings: Settings, *, to: str, from_: str) -> str:
    telephony = TwilioTelephony(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        base_url=settings.twilio_base_url,
    )
    try:
        return await telephony.place_call(
            to=to,
            from_=from_,
            answer_url=f"{settings.public_base_url}/twilio/voice",
            status_url=f"{settings.public_base_url}/twilio/status",
        )
    finally:
        await telephony.close()


if __name__ == "__main__":
    main()
