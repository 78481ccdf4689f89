"""Task definitions: the environment that the same program gets here."""

from cdk.local.deployment import Container
from cdk.local.resource import Made, Maker, Resource


def make_task_definition(resource: Resource) -> Made:
    """Note each container's environment and secrets."""
    for container in resource["ContainerDefinitions"]:
        environment = {each["Name"]: str(each["Value"]) for each in container.get("Environment", [])}
        secrets = {each["Name"]: str(each["ValueFrom"]) for each in container.get("Secrets", [])}
        resource.deployment.containers.append(
            Container(name=container["Name"], environment=environment, secrets=secrets)
        )
    return Made(resource.arn("ecs", f"task-definition/{resource.name('Family', length_max=255)}:1"))


MAKERS: dict[str, Maker] = {"AWS::ECS::TaskDefinition": make_task_definition}
