"""The layer with our package and what its functions need."""

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.components.bundle import bundle_layer
from cdk.components.shared import once_per_stack


class Layer(lambda_.LayerVersion):
    """`layers/<folder>/`, built by uv for Graviton and Python 3.13. Use `layer_of` instead of making one."""

    def __init__(self, scope: Construct, construct_id: str, *, folder: str) -> None:
        path, digest = bundle_layer(folder)
        super().__init__(
            scope,
            construct_id,
            code=lambda_.Code.from_asset(str(path), asset_hash=digest),
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
            compatible_architectures=[lambda_.Architecture.ARM_64],
            description=f"layers/{folder}",
        )


def layer_of(scope: Construct, folder: str = "switchboard") -> lambda_.ILayerVersion:
    """The layer of `scope`'s stack, made at the first call.

    Every stack has its own version of it (the asset is shared): a layer passed between stacks could not be
    replaced while another stack uses it.
    """
    return once_per_stack(
        scope, f"Layer-{folder}", lambda stack: Layer(stack, f"Layer-{folder}", folder=folder)
    )
