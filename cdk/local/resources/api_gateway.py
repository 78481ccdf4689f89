"""APIs in front of functions: their routes, which `cdk.local.http_front` serves. moto is not asked."""

import re
from collections.abc import Mapping
from typing import Any

from cdk.local.deployment import HttpRoute
from cdk.local.resource import Made, Maker, Resource
from cdk.local.runtime.spec import function_name

_ARN_IN_URI = re.compile(r"functions/(.+)/invocations$")
_STATIC_STATUS = re.compile(r'"statusCode"\s*:\s*(\d+)')


def make_http_api(resource: Resource) -> Made:
    """An HTTP API (payload format 2.0)."""
    identity = resource.logical_id.lower()
    return Made(
        identity,
        {"ApiId": identity, "ApiEndpoint": f"https://{identity}.execute-api.{resource.region}.amazonaws.com"},
    )


def make_integration(resource: Resource) -> Made:
    """What answers; its Ref carries the function's name to the route."""
    return Made(f"{resource.get('PayloadFormatVersion', '2.0')}|{_function(resource['IntegrationUri'])}")


def make_route(resource: Resource) -> Made:
    """A route of an HTTP API: `POST /twilio/voice`, `ANY /{proxy+}` or `$default`."""
    version, _, function = str(resource["Target"]).removeprefix("integrations/").partition("|")
    key = resource["RouteKey"]
    method, path = ("ANY", "/{proxy+}") if key == "$default" else key.split(" ", 1)
    resource.deployment.routes.append(HttpRoute(method=method, path=path, format=version, function=function))
    return Made(resource.logical_id)


def make_rest_api(resource: Resource) -> Made:
    """A REST API (payload format 1.0). The Refs of its resources are their paths."""
    return Made(
        resource.logical_id.lower(), {"RootResourceId": "/", "RestApiId": resource.logical_id.lower()}
    )


def make_rest_resource(resource: Resource) -> Made:
    """A path segment below its parent."""
    return Made(f"{str(resource['ParentId']).rstrip('/')}/{resource['PathPart']}")


def make_method(resource: Resource) -> Made:
    """A method of a path: a function's (AWS_PROXY) or a fixed answer (MOCK)."""
    integration = resource.get("Integration", {})
    method, path = resource["HttpMethod"], resource["ResourceId"]
    match integration.get("Type"):
        case "AWS_PROXY":
            function = _function(integration["Uri"])
            route = HttpRoute(method=method, path=path, format="1.0", function=function)
        case "MOCK":
            route = _fixed(method, path, integration)
        case other:
            raise ValueError(f"its integration {other} has no stand-in here: extend {__name__}.")
    resource.deployment.routes.append(route)
    return Made(resource.logical_id)


def make_stage(resource: Resource) -> Made:
    """A stage: one address serves all."""
    return Made(resource["StageName"])


def _function(uri: str) -> str:
    found = _ARN_IN_URI.search(uri)
    return function_name(found[1] if found else uri)


def _fixed(method: str, path: str, integration: Mapping[str, Any]) -> HttpRoute:
    answer = integration["IntegrationResponses"][0]
    templates: Mapping[str, str] = answer.get("ResponseTemplates", {})
    content_type, body = next(iter(templates.items()), ("application/json", ""))
    chosen = _STATIC_STATUS.search(str(next(iter(integration.get("RequestTemplates", {}).values()), "")))
    status = int(answer.get("StatusCode") or (chosen[1] if chosen else 200))
    return HttpRoute(
        method=method, path=path, format="1.0", status=status, content_type=content_type, body=body
    )


MAKERS: dict[str, Maker] = {
    "AWS::ApiGateway::Method": make_method,
    "AWS::ApiGateway::Resource": make_rest_resource,
    "AWS::ApiGateway::RestApi": make_rest_api,
    "AWS::ApiGateway::Stage": make_stage,
    "AWS::ApiGatewayV2::Api": make_http_api,
    "AWS::ApiGatewayV2::Integration": make_integration,
    "AWS::ApiGatewayV2::Route": make_route,
    "AWS::ApiGatewayV2::Stage": make_stage,
}
