"""A cloud assembly as `cdk synth` writes it, small enough to read, with everything that needs a stand-in."""

import json
from pathlib import Path
from typing import Any

# What the functions do is said by each event: {"do": "sleep", "seconds": 5}. `marks` is a table to count deliveries in.
HANDLER = """
import json, os, sys, time
import boto3

STARTED = time.monotonic_ns()
EVENTS = 0


def act(body):
    match body.get("do"):
        case "raise":
            raise ValueError(body.get("text", "as told"))
        case "sleep":
            time.sleep(body["seconds"])
            return {"worker": STARTED}
        case "exit":
            sys.exit(body["code"])
        case "big":
            return "x" * body["size"]
    return body


def mark(key):
    table = boto3.resource("dynamodb").Table(os.environ["MARKS_TABLE"])
    table.update_item(Key={"pk": key}, UpdateExpression="ADD seen :one", ExpressionAttributeValues={":one": 1})
    return int(table.get_item(Key={"pk": key})["Item"]["seen"])


def handler(event, context):
    global EVENTS
    EVENTS += 1
    print("handling", json.dumps(event)[:200])
    if event.get("do") == "context":
        return {
            "worker": STARTED, "events": EVENTS, "request_id": context.aws_request_id, "name": context.function_name,
            "arn": context.invoked_function_arn, "left_ms": context.get_remaining_time_in_millis(),
            "memory": context.memory_limit_in_mb, "own": os.environ["OWN"], "home": os.environ.get("HOME"),
        }
    if event.get("do") == "flaky":
        seen = mark(event["key"])
        if seen <= event["failures"]:
            raise ConnectionError(f"attempt {seen}")
        return {"attempts": seen}
    if "mark" in event:
        mark(event["mark"])
    return act(event)


def batch(event, context):
    failures = []
    for record in event["Records"]:
        body = json.loads(record["body"])
        mark(body["key"])
        if body.get("fail"):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def stream(event, context):
    for record in event["Records"]:
        key = record["dynamodb"]["Keys"]["pk"]["S"]
        seen = mark(f"stream-{key}")
        if key.startswith("poison"):
            raise ValueError(key)


def web(event, context):
    if event.get("rawPath", event.get("path", "")).endswith("/broken"):
        raise ValueError("as told")
    return {"statusCode": 201, "headers": {"content-type": "application/json", "x-own": "1"}, "body": json.dumps(event)}
"""

WORKFLOW = {
    "QueryLanguage": "JSONata",
    "StartAt": "Call",
    "TimeoutSeconds": 60,
    "States": {
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "${FunctionArn}", "Payload": "{% $states.input %}"},
            "TimeoutSeconds": 20,
            "Retry": [
                {"ErrorEquals": ["ConnectionError"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 2}
            ],
            "Catch": [
                {
                    "ErrorEquals": ["ValueError", "Sandbox.Timedout"],
                    "Assign": {"caught": "{% $states.errorOutput.Error %}"},
                    "Next": "Caught",
                }
            ],
            "Output": {"answer": "{% $states.result.Payload %}", "upper": "{% $uppercase('done') %}"},
            "End": True,
        },
        "Caught": {"Type": "Pass", "Output": {"caught": "{% $caught %}"}, "End": True},
    },
}


def write_assembly(folder: Path) -> None:
    """Write manifest and templates: two stacks, the second of which looks up what the first publishes."""
    folder.mkdir(parents=True)
    stacks = {"base": (_base(), []), "rest": (_rest(), ["base"])}
    artifacts: dict[str, Any] = {}
    for name, (template, needed) in reversed(stacks.items()):
        (folder / f"{name}.template.json").write_text(json.dumps(template))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/us-east-1",
            "properties": {"templateFile": f"{name}.template.json", "stackName": f"Small-{name}"},
            "dependencies": needed,
        }
    (folder / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": artifacts}))


def _base() -> dict[str, Any]:
    return {
        "Resources": {
            "Marks": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                    "BillingMode": "PAY_PER_REQUEST",
                },
            },
            "Published": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {"Name": "/small/marks", "Type": "String", "Value": {"Ref": "Marks"}},
            },
        }
    }


def _function(handler: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"ZipFile": HANDLER},
            "Handler": f"index.{handler}",
            "Runtime": "python3.13",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Timeout": 5,
            "Environment": {"Variables": {"OWN": "mine", "MARKS_TABLE": {"Ref": "MarksName"}}},
            **more,
        },
    }


def _queue(**more: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 1, **more}}


def _arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def _rest() -> dict[str, Any]:
    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Web.Arn}/invocations"
    return {
        "Parameters": {
            "MarksName": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/small/marks"}
        },
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Action": "sts:AssumeRole",
                                "Principal": {"Service": "lambda.amazonaws.com"},
                            }
                        ],
                    }
                },
            },
            "Plain": _function("handler", DeadLetterConfig={"TargetArn": _arn("Given")}),
            "Hasty": _function("handler", Timeout=1),
            "Single": _function("handler", ReservedConcurrentExecutions=1),
            "Missing": _function("nowhere"),
            "Batch": _function("batch"),
            "Stream": _function("stream"),
            "Web": _function("web"),
            "Given": _queue(),
            "DeadLetters": _queue(),
            "Work": _queue(RedrivePolicy={"deadLetterTargetArn": _arn("DeadLetters"), "maxReceiveCount": 2}),
            "WorkFeed": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "EventSourceArn": _arn("Work"),
                    "FunctionName": {"Ref": "Batch"},
                    "BatchSize": 10,
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                },
            },
            "Source": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                    "BillingMode": "PAY_PER_REQUEST",
                    "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
                },
            },
            "SourceFeed": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "EventSourceArn": {"Fn::GetAtt": ["Source", "StreamArn"]},
                    "FunctionName": {"Ref": "Stream"},
                    "StartingPosition": "TRIM_HORIZON",
                    "MaximumRetryAttempts": 1,
                    "BisectBatchOnFunctionError": True,
                    "DestinationConfig": {"OnFailure": {"Destination": _arn("Given")}},
                },
            },
            "Workflow": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": _arn("Role"),
                    "DefinitionString": json.dumps(WORKFLOW),
                    "DefinitionSubstitutions": {"FunctionArn": _arn("Hasty")},
                },
            },
            "OnMark": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "EventPattern": {"source": ["small"], "detail-type": ["marked"]},
                    "Targets": [
                        {
                            "Id": "function",
                            "Arn": _arn("Plain"),
                            "InputTransformer": {
                                "InputPathsMap": {"key": "$.detail.key"},
                                "InputTemplate": '{"mark": <key>}',
                            },
                        },
                        {
                            "Id": "workflow",
                            "Arn": {"Ref": "Workflow"},
                            "InputPath": "$.detail.input",
                            "RoleArn": _arn("Role"),
                        },
                    ],
                },
            },
            "Lake": {"Type": "AWS::S3::Bucket", "Properties": {}},
            "Facts": {
                "Type": "AWS::KinesisFirehose::DeliveryStream",
                "Properties": {
                    "ExtendedS3DestinationConfiguration": {
                        "BucketARN": _arn("Lake"),
                        "RoleARN": _arn("Role"),
                        "Prefix": "facts/tenant=!{partitionKeyFromQuery:tenant}/!{timestamp:yyyy}/",
                        "ErrorOutputPrefix": "errors/",
                        "BufferingHints": {"IntervalInSeconds": 1, "SizeInMBs": 1},
                        "ProcessingConfiguration": {
                            "Enabled": True,
                            "Processors": [
                                {
                                    "Type": "MetadataExtraction",
                                    "Parameters": [
                                        {
                                            "ParameterName": "MetadataExtractionQuery",
                                            "ParameterValue": "{tenant:.tenant}",
                                        },
                                        {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
                                    ],
                                },
                                {"Type": "AppendDelimiterToRecord"},
                            ],
                        },
                    }
                },
            },
            "Http": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP"}},
            "HttpWeb": {
                "Type": "AWS::ApiGatewayV2::Integration",
                "Properties": {
                    "ApiId": {"Ref": "Http"},
                    "IntegrationUri": _arn("Web"),
                    "PayloadFormatVersion": "2.0",
                },
            },
            "HttpRoute": {
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": {
                    "ApiId": {"Ref": "Http"},
                    "RouteKey": "ANY /v2/{proxy+}",
                    "Target": {"Fn::Join": ["", ["integrations/", {"Ref": "HttpWeb"}]]},
                },
            },
            "Rest": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "rest"}},
            "RestFolder": {
                "Type": "AWS::ApiGateway::Resource",
                "Properties": {
                    "ParentId": {"Fn::GetAtt": ["Rest", "RootResourceId"]},
                    "PathPart": "v1",
                    "RestApiId": {"Ref": "Rest"},
                },
            },
            "RestLeaf": {
                "Type": "AWS::ApiGateway::Resource",
                "Properties": {
                    "ParentId": {"Ref": "RestFolder"},
                    "PathPart": "{id}",
                    "RestApiId": {"Ref": "Rest"},
                },
            },
            "RestMethod": {
                "Type": "AWS::ApiGateway::Method",
                "Properties": {
                    "HttpMethod": "POST",
                    "ResourceId": {"Ref": "RestLeaf"},
                    "RestApiId": {"Ref": "Rest"},
                    "Integration": {"Type": "AWS_PROXY", "Uri": {"Fn::Sub": uri}},
                },
            },
            "RestFallback": {
                "Type": "AWS::ApiGateway::Method",
                "Properties": {
                    "HttpMethod": "POST",
                    "ResourceId": {"Ref": "RestFolder"},
                    "RestApiId": {"Ref": "Rest"},
                    "Integration": {
                        "Type": "MOCK",
                        "RequestTemplates": {"application/json": '{"statusCode": 200}'},
                        "IntegrationResponses": [
                            {"StatusCode": "200", "ResponseTemplates": {"application/xml": "<Response/>"}}
                        ],
                    },
                },
            },
            "Elsewhere": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        },
        "Outputs": {"Url": {"Value": {"Ref": "Work"}}},
    }
