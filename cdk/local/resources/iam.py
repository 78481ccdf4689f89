"""Roles and policies. moto keeps them, and gives out sessions; it evaluates none (`make check-cloud` does)."""

from cdk.local.resource import Made, Maker, Resource, document, tags


def make_role(resource: Resource) -> Made:
    """Make a role with its inline and managed policies."""
    iam = resource.client("iam")
    name = resource.name("RoleName")
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=document(resource["AssumeRolePolicyDocument"]),
        Tags=tags(resource),
        **resource.only("Path", "Description", "MaxSessionDuration"),
    )["Role"]
    for policy in resource.get("Policies", []):
        iam.put_role_policy(
            RoleName=name,
            PolicyName=policy["PolicyName"],
            PolicyDocument=document(policy["PolicyDocument"]),
        )
    return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def make_policy(resource: Resource) -> Made:
    """Put an inline policy into the roles it names."""
    for role in resource.get("Roles", []):
        resource.client("iam").put_role_policy(
            RoleName=role,
            PolicyName=resource["PolicyName"],
            PolicyDocument=document(resource["PolicyDocument"]),
        )
    return Made(resource["PolicyName"])


def make_managed_policy(resource: Resource) -> Made:
    """Make a policy of its own and attach it to the roles it names."""
    iam = resource.client("iam")
    name = resource.name("ManagedPolicyName", length_max=128)
    arn = iam.create_policy(
        PolicyName=name,
        PolicyDocument=document(resource["PolicyDocument"]),
        **resource.only("Path", "Description"),
    )["Policy"]["Arn"]
    for role in resource.get("Roles", []):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    return Made(arn, {"PolicyArn": arn})


MAKERS: dict[str, Maker] = {
    "AWS::IAM::ManagedPolicy": make_managed_policy,
    "AWS::IAM::Policy": make_policy,
    "AWS::IAM::Role": make_role,
}
