"""Keys and their aliases."""

from cdk.local.resource import Made, Maker, Resource, document, tags


def make_key(resource: Resource) -> Made:
    """Make a key; its policy is kept, not evaluated."""
    kms = resource.client("kms")
    given = resource.only("Description", "KeySpec", "KeyUsage", "MultiRegion", "Origin")
    metadata = kms.create_key(
        Policy=document(resource["KeyPolicy"]),
        Tags=[{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags(resource)],
        **given,
    )["KeyMetadata"]
    if resource.get("EnableKeyRotation"):
        kms.enable_key_rotation(KeyId=metadata["KeyId"])
    return Made(metadata["KeyId"], {"Arn": metadata["Arn"], "KeyId": metadata["KeyId"]})


def make_alias(resource: Resource) -> Made:
    """Make an alias of a key."""
    resource.client("kms").create_alias(AliasName=resource["AliasName"], TargetKeyId=resource["TargetKeyId"])
    return Made(resource["AliasName"])


MAKERS: dict[str, Maker] = {"AWS::KMS::Key": make_key, "AWS::KMS::Alias": make_alias}
