"""The Converse API on the wire: requests out, errors in.

Source: Amazon Bedrock API reference, "ConverseStream" and "Prompt caching for faster model inference".
"""

from typing import Any, Final

import botocore.exceptions
import urllib3.exceptions
from botocore.eventstream import ParserError
from botocore.parsers import ResponseParserError

from switchboard.adapters.dialogue import alternating
from switchboard.domain.messages import JsonObject, Message, ToolSpec
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from switchboard.ports.language_model import GenerationRequest

NAME: Final = "bedrock"

_CACHE_POINT: Final = {"cachePoint": {"type": "default"}}

_OVERLOADED: Final = {
    "ThrottlingException",
    "TooManyRequestsException",
    "ServiceQuotaExceededException",
    "ModelNotReadyException",
}
_UNAVAILABLE: Final = {
    "InternalServerException",
    "ModelErrorException",
    "ModelStreamErrorException",
    "ServiceUnavailableException",
}
_TIMED_OUT: Final = {"ModelTimeoutException"}

TransportErrors: Final = (
    botocore.exceptions.BotoCoreError,
    urllib3.exceptions.HTTPError,
    ParserError,
    ResponseParserError,
    OSError,
)
"""What a broken connection can raise from boto3 besides `ClientError`."""


def converse_arguments(request: GenerationRequest, *, model: str, has_prompt_caching: bool) -> dict[str, Any]:
    """Translate a request; the stable prefix ends in cache points. No temperature: newer models refuse it."""
    cache_point = [_CACHE_POINT] if has_prompt_caching else []
    arguments: dict[str, Any] = {
        "modelId": model,
        "messages": [_message(turn) for turn in alternating(request.messages)],
        "inferenceConfig": {"maxTokens": request.tokens_max},
    }
    if request.system.strip():
        arguments["system"] = [{"text": request.system}, *cache_point]
    if request.tools:
        arguments["toolConfig"] = {"tools": [*map(_tool, request.tools), *cache_point]}
        if request.tool_required:
            arguments["toolConfig"]["toolChoice"] = {"tool": {"name": request.tool_required}}
    return arguments


def _tool(spec: ToolSpec) -> JsonObject:
    schema = {"json": spec.parameters}
    return {"toolSpec": {"name": spec.name, "description": spec.description, "inputSchema": schema}}


def _message(turn: Message) -> JsonObject:
    content: list[JsonObject] = [
        {
            "toolResult": {
                "toolUseId": result.call_id,
                "content": [{"text": result.content}],
                "status": "error" if result.is_error else "success",
            }
        }
        for result in turn.tool_results
    ]
    if turn.text:
        content.append({"text": turn.text})
    content += [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}}
        for call in turn.tool_calls
    ]
    return {"role": turn.role, "content": content}


def client_error(error: botocore.exceptions.ClientError) -> ProviderError:
    """Map an error response or an exception event; its message, which may quote the prompt, is not read."""
    code = error.response.get("Error", {}).get("Code", "")
    # Exception events carry the member's name (throttlingException), error responses the shape's.
    code = code[:1].upper() + code[1:]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    reason = f"{code} (HTTP {status})" if code.isalnum() else f"HTTP {status}"
    if code in _OVERLOADED or status in {429, 529}:
        return ProviderOverloaded(NAME, reason)
    if code in _TIMED_OUT or status == 408:
        return ProviderTimeout(NAME, reason)
    if code in _UNAVAILABLE or status >= 500:
        return ProviderUnavailable(NAME, reason)
    return ProviderRejected(NAME, reason)


def transport_error(error: BaseException) -> ProviderError:
    """Map one of `TransportErrors`."""
    match error:
        case botocore.exceptions.ReadTimeoutError() | botocore.exceptions.ConnectTimeoutError():
            return ProviderTimeout(NAME, "the connection timed out")
        case urllib3.exceptions.TimeoutError():
            return ProviderTimeout(NAME, "the connection timed out")
        case ParserError() | ResponseParserError():
            return ProviderProtocolError(NAME, "a frame of the event stream is damaged")
        case (
            botocore.exceptions.HTTPClientError()
            | botocore.exceptions.ConnectionError()
            | urllib3.exceptions.HTTPError()
            | OSError()
        ):
            return ProviderUnavailable(NAME, "no connection, or it broke")
        case _:
            return ProviderRejected(NAME, f"the request could not be made: {type(error).__name__}")
