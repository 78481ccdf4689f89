"""The sibling of `cdk deploy`: makes the synthesised templates real on one machine.

`assembly` reads what CDK wrote, `applier` makes it real on an embedded moto server (`emulator`), `runtime` runs the functions
under AWS's own runtime client, and `workers` stand in for what moto lacks. `python -m cdk.local up` composes it all.
"""
