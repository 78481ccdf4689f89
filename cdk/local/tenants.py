"""The example tenant: its configuration is put where a tenant's own would be, and published by the deployed function."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from cdk.local.cloud import LocalCloud

PUBLISHER = "publish_configuration"
NUMBER = "+15005550001"
"""On which the example tenant is called: a number of Twilio's that nobody has."""
EXPORT_TIMEOUT_S = 60.0


class TenantsError(Exception):
    """The example tenant could not be put in place; the text says why."""


async def put_example_tenant(cloud: LocalCloud) -> bool:
    """Write the example tenant's document and publish it; false if no template has what that takes. Raises `TenantsError`."""
    table = await asyncio.to_thread(_configuration_table, cloud.client)
    publisher = next((each for each in cloud.deployment.functions if each.label == PUBLISHER), None)
    if table is None or publisher is None:
        return False
    text = await _example()
    item = {"document": {"S": text}, "pk": {"S": f"{json.loads(text)['id']}#configuration"}}
    for sort_key in ("v#1", "current"):
        put = cloud.client("dynamodb").put_item
        await asyncio.to_thread(put, TableName=table, Item={**item, "sk": {"S": sort_key}})
    answer = await cloud.functions.invoke(publisher.name, b"{}")
    if answer.is_error:
        raise TenantsError(f"{PUBLISHER} failed: {answer.payload.decode()[:500]}")
    return True


def _configuration_table(client: Callable[[str], Any]) -> str | None:
    pages = (
        client("ssm").get_paginator("get_parameters_by_path").paginate(Path="/switchboard", Recursive=True)
    )
    for page in pages:
        for each in page["Parameters"]:
            if each["Name"].endswith("/configuration-table-name"):
                return str(each["Value"])
    return None


async def _example() -> str:
    """Ask the product for it: nothing here imports what runs in production."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "switchboard.cli",
        "example-tenant",
        "--number",
        NUMBER,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(EXPORT_TIMEOUT_S):
            out, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        raise TenantsError("switchboard example-tenant did not answer in time.") from None
    if process.returncode:
        raise TenantsError(f"switchboard example-tenant failed: {errors.decode()[-500:]}")
    return out.decode()
