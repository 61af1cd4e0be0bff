"""The calls that detections look at, shaped as AWS writes them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from random import Random

from trailhound.simulate.identities import Json
from trailhound.simulate.records import ACCESS_DENIED, Call, new_id, new_uuid

DRY_RUN = (
    "Client.DryRunOperation",
    "Request would have succeeded, but DryRun flag is set.",
)
NOT_ALLOWED = (
    "Client.UnauthorizedOperation",
    "You are not authorized to perform this operation.",
)


def denied(action: str) -> tuple[str, str]:
    """The error of a call that no policy allows; `action` such as `iam:ListUsers`."""
    return (
        ACCESS_DENIED,
        f"The caller is not authorized to perform: {action} because no identity-based policy "
        f"allows the {action} action",
    )


def run_instances(  # noqa: PLR0913 - a request has that many parts
    rng: Random,
    account: str,
    count: int,
    instance_type: str,
    *,
    region: str = "us-east-1",
    error: tuple[str, str] | None = None,
) -> Call:
    """RunInstances of `count` instances in one request; with an error, none comes to life."""
    image, subnet, vpc = new_id(rng, "ami"), new_id(rng, "subnet"), new_id(rng, "vpc")
    token = new_uuid(rng)
    items = [
        {
            "instanceId": new_id(rng, "i"),
            "imageId": image,
            "bootMode": "uefi-preferred",
            "currentInstanceBootMode": "uefi",
            "instanceState": {"code": 0, "name": "pending"},
            "privateDnsName": f"ip-10-0-4-{10 + index % 240}.{region}.compute.internal",
            "amiLaunchIndex": index,
            "productCodes": {},
            "instanceType": instance_type,
            "launchTime": 1767225600000,
            "placement": {"availabilityZone": f"{region}a", "tenancy": "default"},
            "monitoring": {"state": "disabled"},
            "subnetId": subnet,
            "vpcId": vpc,
            "privateIpAddress": f"10.0.4.{10 + index % 240}",
            "stateReason": {"code": "pending", "message": "pending"},
            "architecture": "x86_64",
            "rootDeviceType": "ebs",
            "virtualizationType": "hvm",
            "hypervisor": "xen",
            "clientToken": token,
            "sourceDestCheck": True,
            "ebsOptimized": False,
        }
        for index in range(count)
    ]
    return Call(
        service="ec2",
        name="RunInstances",
        region=region,
        request={
            "instancesSet": {"items": [{"imageId": image, "minCount": 1, "maxCount": count}]},
            "instanceType": instance_type,
            "blockDeviceMapping": {},
            "monitoring": {"enabled": False},
            "disableApiTermination": False,
            "clientToken": token,
            "subnetId": subnet,
            "ebsOptimized": False,
        },
        response={
            "requestId": new_uuid(rng),
            "reservationId": new_id(rng, "r"),
            "ownerId": account,
            "groupSet": {},
            "instancesSet": {"items": items},
        },
        error=error,
    )


def terminate_instances(
    rng: Random, previous_states: Sequence[str], *, region: str = "us-east-1"
) -> Call:
    """TerminateInstances of as many instances as there are previous states (`running`, ...)."""
    codes = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopped": 80}
    ids = [new_id(rng, "i") for _ in previous_states]
    items = [
        {
            "instanceId": instance,
            "currentState": {"code": 32, "name": "shutting-down"},
            "previousState": {"code": codes[state], "name": state},
        }
        for instance, state in zip(ids, previous_states, strict=True)
    ]
    return Call(
        service="ec2",
        name="TerminateInstances",
        region=region,
        request={"instancesSet": {"items": [{"instanceId": instance} for instance in ids]}},
        response={"requestId": new_uuid(rng), "instancesSet": {"items": items}},
    )


def console_login(*, success: bool = True, mfa: bool = False) -> Call:
    """A login at the console. A failed one has no error code, only a message."""
    return Call(
        service="signin",
        name="ConsoleLogin",
        response={"ConsoleLogin": "Success" if success else "Failure"},
        additional={
            "LoginTo": "https://console.aws.amazon.com/console/home",
            "MobileVersion": "No",
            "MFAUsed": "Yes" if mfa else "No",
        },
        event_type="AwsConsoleSignIn",
    )


def create_user(rng: Random, account: str, name: str, at: datetime) -> Call:
    """CreateUser of the IAM user `name`."""
    user_id = "AIDA" + "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=10)) + "EXAMPLE"
    user = {
        "path": "/",
        "userName": name,
        "userId": user_id,
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "createDate": f"{at:%b} {at.day}, {at:%Y %I:%M:%S %p}",
    }
    return Call(
        service="iam", name="CreateUser", request={"userName": name}, response={"user": user}
    )


def delete_user(name: str) -> Call:
    """DeleteUser of the IAM user `name`."""
    return Call(service="iam", name="DeleteUser", request={"userName": name})


def iam_read(name: str, *, error: tuple[str, str] | None = None) -> Call:
    """A reading call of IAM, such as ListUsers."""
    return Call(service="iam", name=name, read_only=True, error=error)


def bucket_call(
    rng: Random,
    name: str,
    bucket: str,
    *,
    region: str = "us-east-1",
    error: tuple[str, str] | None = None,
) -> Call:
    """A reading call about one bucket, such as GetBucketAcl."""
    about = name.removeprefix("GetBucket")
    return Call(
        service="s3",
        name=name,
        region=region,
        request={
            "bucketName": bucket,
            "Host": _bucket_host(bucket, region),
            about[:1].lower() + about[1:]: "",
        },
        additional=_transfer(rng, bytes_out=552),
        resources=(_bucket_arn(bucket),),
        read_only=True,
        error=error,
    )


def list_buckets(rng: Random, *, error: tuple[str, str] | None = None) -> Call:
    """ListBuckets: the one call about buckets that names none."""
    return Call(
        service="s3",
        name="ListBuckets",
        request={"Host": "s3.amazonaws.com"},
        additional=_transfer(rng, bytes_out=6322),
        read_only=True,
        error=error,
    )


def object_call(
    rng: Random, name: str, bucket: str, key: str, *, region: str = "us-east-1"
) -> Call:
    """A call about one object: GetObject, PutObject, DeleteObject. A data event."""
    return Call(
        service="s3",
        name=name,
        region=region,
        request={"bucketName": bucket, "Host": _bucket_host(bucket, region), "key": key},
        additional=_transfer(rng, bytes_out=0),
        resources=(_bucket_arn(bucket), _object_arn(bucket, key)),
        read_only=name == "GetObject",
        data_event=True,
    )


def copy_object(rng: Random, source: str, target: str, key: str) -> Call:
    """CopyObject of `key` from the bucket `source` to the bucket `target`. A data event."""
    return Call(
        service="s3",
        name="CopyObject",
        request={
            "bucketName": target,
            "Host": _bucket_host(target, "us-east-1"),
            "x-amz-copy-source": f"{source}/{key}",
            "key": key,
        },
        response={"x-amz-server-side-encryption": "AES256"},
        additional=_transfer(rng, bytes_out=234),
        resources=(_bucket_arn(target), _object_arn(target, key), _object_arn(source, key)),
        data_event=True,
    )


def delete_objects(rng: Random, bucket: str) -> Call:
    """DeleteObjects, one request for many keys; the keys stand in DeleteObject events beside it."""
    prefix = {"type": "AWS::S3::Object", "ARNPrefix": f"arn:aws:s3:::{bucket}/"}
    return Call(
        service="s3",
        name="DeleteObjects",
        request={"bucketName": bucket, "Host": _bucket_host(bucket, "us-east-1"), "delete": ""},
        additional=_transfer(rng, bytes_out=1480),
        resources=(prefix, _bucket_arn(bucket)),
        data_event=True,
    )


def _bucket_host(bucket: str, region: str) -> str:
    return f"{bucket}.s3.{region}.amazonaws.com"


def _transfer(rng: Random, *, bytes_out: int) -> Json:
    return {
        "SignatureVersion": "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": 0,
        "AuthenticationMethod": "AuthHeader",
        "x-amz-id-2": base64.b64encode(rng.randbytes(57)).decode(),
        "bytesTransferredOut": bytes_out,
    }


def _bucket_arn(bucket: str) -> Json:
    return {"type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}


def _object_arn(bucket: str, key: str) -> Json:
    return {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"}
