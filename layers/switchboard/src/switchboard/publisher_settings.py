"""The few settings of the function that publishes tenants' configuration."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class PublisherSettings(BaseSettings):
    """Read from the environment of the function."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=True)

    configuration_table: str = Field(validation_alias="SWITCHBOARD_CONFIGURATION_TABLE", min_length=1)
    configuration_bucket: str = Field(validation_alias="SWITCHBOARD_CONFIGURATION_BUCKET", min_length=1)
    secrets_id: str = Field(validation_alias="SWITCHBOARD_SECRETS_ID", min_length=1)
    region: str = Field(validation_alias="AWS_REGION", min_length=1)
    endpoint_url: str = Field("", validation_alias="AWS_ENDPOINT_URL")
