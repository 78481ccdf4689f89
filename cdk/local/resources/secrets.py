"""Secrets and the parameters by which stacks pass values."""

import json
from typing import Any

from cdk.local.resource import Made, Maker, Resource, document, tags


def make_secret(resource: Resource) -> Made:
    """Make a secret, with a generated value if the template asks for one."""
    secrets = resource.client("secretsmanager")
    name = resource.name("Name", length_max=512)
    arn = secrets.create_secret(
        Name=name,
        SecretString=_value(secrets, resource),
        Tags=tags(resource),
        **resource.only("Description", "KmsKeyId"),
    )["ARN"]
    return Made(arn, {"Id": arn, "Arn": arn})


def make_secret_policy(resource: Resource) -> Made:
    """Attach a policy, which moto keeps and does not evaluate."""
    resource.client("secretsmanager").put_resource_policy(
        SecretId=resource["SecretId"], ResourcePolicy=document(resource["ResourcePolicy"])
    )
    return Made(resource["SecretId"])


def make_parameter(resource: Resource) -> Made:
    """Make a parameter of SSM's parameter store."""
    name = resource.name("Name", length_max=1011)
    resource.client("ssm").put_parameter(
        Name=name,
        Value=str(resource["Value"]),
        Type=resource["Type"],
        Overwrite=True,
        **resource.only("Description"),
    )
    return Made(name, {"Type": resource["Type"], "Value": resource["Value"]})


def _value(secrets: Any, resource: Resource) -> str:
    generate = resource.get("GenerateSecretString")
    if generate is None:
        return str(resource.get("SecretString", ""))
    options = {
        key: value
        for key, value in generate.items()
        if key not in {"GenerateStringKey", "SecretStringTemplate"}
    }
    password = secrets.get_random_password(**options)["RandomPassword"]
    if "GenerateStringKey" not in generate:
        return str(password)
    template = json.loads(generate.get("SecretStringTemplate", "{}"))
    return json.dumps({**template, generate["GenerateStringKey"]: password})


MAKERS: dict[str, Maker] = {
    "AWS::SSM::Parameter": make_parameter,
    "AWS::SecretsManager::ResourcePolicy": make_secret_policy,
    "AWS::SecretsManager::Secret": make_secret,
}
