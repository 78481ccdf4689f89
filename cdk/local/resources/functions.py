"""Lambda functions: known to moto, so that its API and Step Functions find them, and to our host, which runs them."""

import io
import zipfile
from pathlib import Path
from typing import Any

from cdk.local.deployment import EventSource
from cdk.local.resource import Made, Maker, Resource, document
from cdk.local.runtime.spec import FunctionSpec, function_name

OURS = "lambdas."
"""Handlers that begin so run from the repository instead of from their bundle, which is for arm64."""


def make_function(resource: Resource) -> Made:
    """Register a function. moto gets an empty bundle: it never runs one."""
    name = resource.name("FunctionName")
    logging = resource.get("LoggingConfig", {})
    code_root = _code_root(resource, name)
    spec = FunctionSpec(
        name=name,
        arn=resource.arn("lambda", f"function:{name}"),
        handler=resource["Handler"],
        label=_label(resource["Handler"], name),
        code_root=code_root,
        environment={
            key: str(value) for key, value in resource.get("Environment", {}).get("Variables", {}).items()
        },
        timeout_s=float(resource.get("Timeout", 3)),
        memory_mb=int(resource.get("MemorySize", 128)),
        log_group=logging.get("LogGroup", ""),
        json_logs=logging.get("LogFormat") == "JSON",
        concurrency_max=_optional_int(resource.get("ReservedConcurrentExecutions")),
        dead_letter_arn=resource.get("DeadLetterConfig", {}).get("TargetArn", ""),
    )
    resource.client("lambda").create_function(
        FunctionName=name,
        Role=resource["Role"],
        Handler=spec.handler,
        Runtime=resource.get("Runtime", "python3.13"),
        Code={"ZipFile": _empty_bundle()},
        Timeout=int(spec.timeout_s),
        MemorySize=spec.memory_mb,
        Description=resource.get("Description", ""),
        Environment={"Variables": dict(spec.environment)},
    )
    resource.deployment.functions.append(spec)
    return Made(name, {"Arn": spec.arn})


def make_version(resource: Resource) -> Made:
    """A version is the function itself: nothing is published twice here."""
    arn = f"{_arn(resource, resource['FunctionName'])}:1"
    return Made(arn, {"FunctionArn": arn, "Version": "1"})


def make_alias(resource: Resource) -> Made:
    """An alias of the only version; its ARN is the function's with the alias behind it."""
    arn = f"{_arn(resource, resource['FunctionName'])}:{resource['Name']}"
    return Made(arn, {"AliasArn": arn})


def make_event_source(resource: Resource) -> Made:
    """Register a queue or stream for our pollers. moto's own has no partial failures and no retries."""
    criteria = resource.get("FilterCriteria", {}).get("Filters", [])
    is_queue = ":sqs:" in resource["EventSourceArn"]
    destination = resource.get("DestinationConfig", {}).get("OnFailure", {})
    resource.deployment.event_sources.append(
        EventSource(
            source_arn=resource["EventSourceArn"],
            function=function_name(resource["FunctionName"]),
            batch_size=int(resource.get("BatchSize", 10 if is_queue else 100)),
            batch_window_s=int(resource.get("MaximumBatchingWindowInSeconds", 0)),
            reports_item_failures="ReportBatchItemFailures" in resource.get("FunctionResponseTypes", []),
            concurrency_max=int(resource.get("ScalingConfig", {}).get("MaximumConcurrency", 2)),
            patterns=tuple(document(each["Pattern"]) for each in criteria),
            retries_max=int(resource.get("MaximumRetryAttempts", -1)),
            bisects=bool(resource.get("BisectBatchOnFunctionError", False)),
            on_failure_arn=destination.get("Destination", ""),
            from_start=resource.get("StartingPosition", "TRIM_HORIZON") == "TRIM_HORIZON",
        )
    )
    return Made(resource.logical_id, {"Id": resource.logical_id})


def make_invoke_config(resource: Resource) -> Made:
    """Say how often an asynchronous event is tried again, and where it goes after that."""
    name = function_name(resource["FunctionName"])
    functions = resource.deployment.functions
    index = next(i for i, each in enumerate(functions) if each.name == name)
    destination = resource.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    functions[index] = functions[index].asynchronous(
        retries_max=int(resource.get("MaximumRetryAttempts", 2)), on_failure_arn=destination
    )
    return Made(resource.logical_id)


def _code_root(resource: Resource, name: str) -> Path:
    code = resource["Code"]
    if str(resource["Handler"]).startswith(OURS):
        return resource.code_root
    if "ZipFile" in code:
        folder = resource.code_root / "build" / "local" / "inline" / name
        folder.mkdir(parents=True, exist_ok=True)
        module = str(resource["Handler"]).rpartition(".")[0]
        (folder / f"{module}.py").write_text(code["ZipFile"])
        return folder
    asset = resource.assets.get(code.get("S3Key", ""))
    if asset is None or not asset.is_dir():
        raise LookupError(
            f"its code {code} is not a folder of the assembly. Bundle it as a folder, or put it under lambdas/."
        )
    return asset.resolve()


def _label(handler: str, name: str) -> str:
    """`lambdas.answer_call.handler.handler` -> `answer_call`: what people call the function."""
    return handler.split(".")[1] if handler.startswith(OURS) else name


def _arn(resource: Resource, reference: str) -> str:
    return resource.arn("lambda", f"function:{function_name(reference)}")


def _optional_int(value: Any) -> int | None:
    return None if value is None else int(value)


def _empty_bundle() -> bytes:
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("local.txt", "runs in cdk/local")
    return bundle.getvalue()


MAKERS: dict[str, Maker] = {
    "AWS::Lambda::Alias": make_alias,
    "AWS::Lambda::EventInvokeConfig": make_invoke_config,
    "AWS::Lambda::EventSourceMapping": make_event_source,
    "AWS::Lambda::Function": make_function,
    "AWS::Lambda::Version": make_version,
}
