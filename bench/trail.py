"""A fixed trail of any size: the same arguments give the same bytes."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

ACCOUNTS = [f"{123456780000 + number:012d}" for number in range(5)]
REGIONS = ["us-east-1", "us-west-2", "eu-central-1", "eu-west-1"]
AGENTS = [
    "aws-cli/2.15.30 Python/3.11.8 Linux/5.10.209 exe/x86_64.amzn.2 prompt/off command/s3.cp",
    "Boto3/1.34.51 md/Botocore#1.34.51 ua/2.0 os/linux#5.10.209 lang/python#3.11.8",
    "APN/1.0 HashiCorp/1.0 Terraform/1.7.4 (+https://www.terraform.io) aws-sdk-go-v2/1.25.2",
    "aws-sdk-java/1.12.670 Linux/5.10.209-198.858.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/17.0.10",
    "AWS Internal",
]
SECONDS = 10 * 24 * 3600  # from the first of January 2026


class Place(NamedTuple):
    """Where a file's events come from."""

    account: str
    region: str


class Call(NamedTuple):
    """What an event is about."""

    source: str
    name: str
    request: object
    response: object = None
    reads: bool = True


def write(folder: Path, files: int, events: int) -> Path:
    """Write a trail of gzip files as AWS does, one folder a day; `events` in each file.

    Kept if the folder is there already. Returns the folder.
    """
    done = folder / "DONE"
    if done.exists():
        return folder / "AWSLogs"
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(_write_file, folder, files, events), range(files), chunksize=16))
    done.touch()
    return folder / "AWSLogs"


def write_one(path: Path, events: int) -> Path:
    """Write one gzip file with a single document of so many events. Kept if it is there already."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partly = path.with_suffix(".part")
        place = Place(ACCOUNTS[0], REGIONS[0])
        with gzip.open(partly, "wt", compresslevel=1) as file:
            file.write('{"Records":[')
            for number, event in enumerate(_events(random.Random(7), place, 0, SECONDS, events)):
                file.write(("," if number else "") + event)
            file.write("]}")
        partly.rename(path)
    return path


def write_newest(folder: Path, events: int) -> Path:
    """Write one file with so many events of the last hour of the trail, as the next delivery would.

    Returns the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = Place(ACCOUNTS[0], REGIONS[0])
    draw = random.Random(1_000_000)
    _write_document(folder / "newest.json.gz", _events(draw, place, SECONDS - 3600, 3600, events))
    return folder


def _write_file(folder: Path, files: int, events: int, number: int) -> None:
    draw = random.Random(number)
    start, length = number * SECONDS // files, max(SECONDS // files, 300)
    place = Place(draw.choice(ACCOUNTS), draw.choice(REGIONS))
    stamp = _time(start)
    day = stamp[:10].replace("-", "/")
    target = folder / f"AWSLogs/{place.account}/CloudTrail/{place.region}/{day}"
    target.mkdir(parents=True, exist_ok=True)
    minute = stamp[:16].replace("-", "").replace(":", "")
    name = (
        f"{place.account}_CloudTrail_{place.region}_{minute}Z_{draw.getrandbits(64):016x}.json.gz"
    )
    _write_document(target / name, _events(draw, place, start, length, events))


def _write_document(path: Path, events: Iterator[str]) -> None:
    text = '{"Records":[' + ",".join(events) + "]}"
    path.write_bytes(gzip.compress(text.encode(), 6, mtime=0))


def _events(
    draw: random.Random, place: Place, start: int, length: int, count: int
) -> Iterator[str]:
    """Records as JSON, evenly over `length` seconds from `start`."""
    for number in range(count):
        yield _event(draw, place, _time(start + number * length // count))


def _time(seconds: int) -> str:
    day, rest = divmod(seconds, 24 * 3600)
    hour, rest = divmod(rest, 3600)
    return f"2026-01-{1 + day:02d}T{hour:02d}:{rest // 60:02d}:{rest % 60:02d}Z"


def _event(draw: random.Random, place: Place, time: str) -> str:
    call = draw.choice(_CALLS)(draw, place.account)
    denied = draw.random() < 0.02
    error = (
        '"errorCode":"AccessDenied","errorMessage":"User is not authorized to perform this",'
        if denied
        else ""
    )
    identity, address = _caller(draw, place.account, time)
    return (
        f'{{"eventVersion":"1.09","userIdentity":{identity},'
        f'"eventTime":"{time}","eventSource":"{call.source}.amazonaws.com",'
        f'"eventName":"{call.name}","awsRegion":"{place.region}",'
        f'"sourceIPAddress":"{address}","userAgent":"{draw.choice(AGENTS)}",{error}'
        f'"requestParameters":{_json(call.request)},'
        f'"responseElements":{_json(None if denied else call.response)},'
        f'"requestID":"{_uuid(draw)}","eventID":"{_uuid(draw)}","readOnly":{_json(call.reads)},'
        f'"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{place.account}",'
        f'"eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3",'
        f'"cipherSuite":"TLS_AES_128_GCM_SHA256",'
        f'"clientProvidedHostHeader":"{call.source}.{place.region}.amazonaws.com"}}}}'
    )


def _uuid(draw: random.Random) -> str:
    digits = f"{draw.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _caller(draw: random.Random, account: str, time: str) -> tuple[str, str]:
    """Who calls, and from where: each user and each session has a key and an address of its own."""
    number = int(account[-1])
    if draw.random() < 0.2:
        user = draw.randrange(40)
        name, key = f"user-{user}", f"AKIA{number * 40 + user:016d}"
        identity = (
            f'{{"type":"IAMUser","principalId":"AIDA{name.upper()}",'
            f'"arn":"arn:aws:iam::{account}:user/{name}","accountId":"{account}",'
            f'"accessKeyId":"{key}","userName":"{name}"}}'
        )
        return identity, f"81.20.{number}.{user}"
    app, instance = draw.randrange(60), draw.randrange(20)
    role, session = f"app-{app}", f"i-{app * 20 + instance:017x}"
    identity = (
        f'{{"type":"AssumedRole","principalId":"AROA{role.upper()}:{session}",'
        f'"arn":"arn:aws:sts::{account}:assumed-role/{role}/{session}","accountId":"{account}",'
        f'"accessKeyId":"ASIA{number * 1200 + app * 20 + instance:016d}",'
        f'"sessionContext":{{"sessionIssuer":'
        f'{{"type":"Role","principalId":"AROA{role.upper()}",'
        f'"arn":"arn:aws:iam::{account}:role/{role}","accountId":"{account}",'
        f'"userName":"{role}"}},"attributes":{{"creationDate":"{time[:14]}00:00Z",'
        f'"mfaAuthenticated":"false"}},"ec2RoleDelivery":"2.0"}}}}'
    )
    return identity, f"52.{90 + number}.{app}.{instance}"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _object(verb: str, draw: random.Random, account: str) -> Call:
    bucket = f"data-{account}-{draw.randrange(12)}"
    request = {
        "bucketName": bucket,
        "Host": f"{bucket}.s3.amazonaws.com",
        "key": f"year=2026/part-{draw.randrange(100_000):05d}.parquet",
    }
    return Call("s3", verb, request, None, verb == "GetObject")


def _run_instances(draw: random.Random, _account: str) -> Call:
    kind, image = (
        draw.choice(["t3.micro", "m5.large", "c5.4xlarge"]),
        f"ami-{draw.getrandbits(32):08x}",
    )
    wish = {"imageId": image, "minCount": 1, "maxCount": 1}
    instance = {
        "instanceId": f"i-{draw.getrandbits(64):016x}",
        "imageId": image,
        "instanceState": {"code": 0, "name": "pending"},
        "instanceType": kind,
    }
    return Call(
        "ec2",
        "RunInstances",
        {"instancesSet": {"items": [wish]}, "instanceType": kind},
        {"requestId": _uuid(draw), "instancesSet": {"items": [instance]}},
        reads=False,
    )


def _assume_role(draw: random.Random, account: str) -> Call:
    role, session = f"app-{draw.randrange(60)}", f"s{draw.randrange(10_000)}"
    credentials = {
        "accessKeyId": f"ASIA{draw.getrandbits(60):016X}",
        "sessionToken": f"{draw.getrandbits(800):0200x}",
        "expiration": "Jan 2, 2026, 1:00:00 AM",
    }
    user = {
        "assumedRoleId": f"AROA{role.upper()}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
    }
    request = {
        "roleArn": f"arn:aws:iam::{account}:role/{role}",
        "roleSessionName": session,
        "durationSeconds": 3600,
    }
    return Call("sts", "AssumeRole", request, {"credentials": credentials, "assumedRoleUser": user})


def _decrypt(draw: random.Random, account: str) -> Call:
    context = {"aws:s3:arn": f"arn:aws:s3:::data-{account}-{draw.randrange(12)}"}
    request = {"encryptionContext": context, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    return Call("kms", "Decrypt", request)


def _describe(draw: random.Random, _account: str) -> Call:
    items = [{"instanceId": f"i-{draw.getrandbits(64):016x}"}]
    return Call("ec2", "DescribeInstances", {"instancesSet": {"items": items}, "filterSet": {}})


_CALLS: list[Callable[[random.Random, str], Call]] = [
    partial(_object, "GetObject"),
    partial(_object, "GetObject"),
    partial(_object, "PutObject"),
    _decrypt,
    _decrypt,
    _describe,
    _describe,
    _assume_role,
    _run_instances,
]
