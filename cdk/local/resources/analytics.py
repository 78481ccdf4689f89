"""Glue's catalogue and Athena's workgroups and queries. moto keeps them and runs no query."""

from typing import Any

from cdk.local.resource import Made, Maker, Resource


def make_database(resource: Resource) -> Made:
    """Make a database of the catalogue."""
    given = resource["DatabaseInput"]
    name = given.get("Name") or resource.name("Name", length_max=255).lower()
    resource.client("glue").create_database(DatabaseInput={**given, "Name": name})
    return Made(name)


def make_table(resource: Resource) -> Made:
    """Make a table of the catalogue."""
    given = resource["TableInput"]
    resource.client("glue").create_table(DatabaseName=resource["DatabaseName"], TableInput=given)
    return Made(given["Name"])


def make_work_group(resource: Resource) -> Made:
    """Make a workgroup."""
    name = resource["Name"]
    configuration: dict[str, Any] = dict(resource.get("WorkGroupConfiguration", {}))
    resource.client("athena").create_work_group(
        Name=name, Configuration=configuration, Description=resource.get("Description", "")
    )
    return Made(name)


def make_named_query(resource: Resource) -> Made:
    """Keep a query."""
    made = resource.client("athena").create_named_query(
        **resource.only("Name", "Database", "Description", "QueryString", "WorkGroup")
    )
    return Made(made["NamedQueryId"], {"NamedQueryId": made["NamedQueryId"]})


def make_prepared_statement(resource: Resource) -> Made:
    """Keep a query with parameters."""
    resource.client("athena").create_prepared_statement(
        **resource.only("StatementName", "WorkGroup", "QueryStatement", "Description")
    )
    return Made(resource["StatementName"])


MAKERS: dict[str, Maker] = {
    "AWS::Athena::NamedQuery": make_named_query,
    "AWS::Athena::PreparedStatement": make_prepared_statement,
    "AWS::Athena::WorkGroup": make_work_group,
    "AWS::Glue::Database": make_database,
    "AWS::Glue::Table": make_table,
}
