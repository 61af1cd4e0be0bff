"""Rows 64-82: secrets, data, impact."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from oracle.context import Context, is_false, is_true
from oracle.events import Event, at_path, text
from oracle.kinds import Kind, Step
from oracle.rules import instance_type
from oracle.words import (
    call,
    each,
    foreign_accounts,
    name_in,
    ok,
    open_to_everyone,
    person,
    present,
    rp,
    texts,
)

GROUPS = [f"acs.amazonaws.com/groups/global/{name}" for name in ("AllUsers", "AuthenticatedUsers")]
DELETE = "DeleteObject DeleteObjects"
BACKUPS = {
    ("backup", "DeleteRecoveryPoint"): "recoveryPointArn",
    ("backup", "DeleteBackupVault"): "backupVaultName",
    ("backup", "DeleteBackupVaultLockConfiguration"): "backupVaultName",
    ("rds", "DeleteDBSnapshot"): "dBSnapshotIdentifier",
    ("rds", "DeleteDBClusterSnapshot"): "dBClusterSnapshotIdentifier",
    ("rds", "DeleteDBInstanceAutomatedBackup"): "dbiResourceId",
    ("rds", "DeleteDBClusterAutomatedBackup"): "dbClusterResourceId",
    ("ec2", "DeleteSnapshot"): "snapshotId",
    ("ec2", "DeregisterImage"): "imageId",
    ("dynamodb", "DeleteBackup"): "backupArn",
    ("redshift", "DeleteClusterSnapshot"): "snapshotIdentifier",
    ("fsx", "DeleteBackup"): "backupId",
}
REFUSED = "LimitExceeded InsufficientInstanceCapacity PendingVerification OptInRequired Blocked"


def _secret(value: str) -> str:
    if not value.startswith("arn:"):
        return value
    return re.sub("-[A-Za-z0-9]{6}$", "", value.rsplit(":", maxsplit=1)[-1])


def _secrets(event: Event, _: Context) -> list[str | None]:
    if event.name == "GetSecretValue":
        return [_secret(found) for found in texts([rp(event, "secretId")])]
    listed = texts(each(rp(event, "secretIdList")))
    if listed:
        return [_secret(found) for found in listed]
    filters, token = rp(event, "filters"), name_in(event, "nextToken")
    if not present(filters) and not token:
        return []
    shown = json.dumps(filters, separators=(",", ":")) if present(filters) else ""
    return [f"{shown}|{token or ''}"]


def _parameters(event: Event, _: Context) -> list[str | None]:
    if event.name == "GetParameters":
        return [*texts(each(rp(event, "names")))]
    return [name_in(event, "path" if event.name == "GetParametersByPath" else "name")]


def _parameter_read(event: Event, _: Context) -> bool:
    names = "GetParameter GetParameterHistory GetParameters GetParametersByPath"
    return ok("ssm", names)(event, _) and is_true(rp(event, "withDecryption"))


def _instance_secret(event: Event, _: Context) -> bool:
    data = call(event, "ec2", "DescribeInstanceAttribute") and rp(event, "attribute") == "userData"
    return call(event, "ec2", "GetPasswordData") or data


def _receivers(event: Event, context: Context) -> list[str | None]:
    found: list[Any] = []
    if call(event, "ec2", "ModifySnapshotAttribute ModifyImageAttribute"):
        snapshot = event.name == "ModifySnapshotAttribute"
        base = "createVolumePermission" if snapshot else "launchPermission"
        for item in each(rp(event, f"{base}.add.items")):
            group = (text(at_path(item, "group")) or "").lower()
            found += ["all" if group == "all" else None]
            found += [context.foreign(at_path(item, "userId"), event)]
            found += texts(
                [at_path(item, "organizationArn"), at_path(item, "organizationalUnitArn")]
            )
    elif call(event, "rds", "ModifyDBSnapshotAttribute ModifyDBClusterSnapshotAttribute"):
        if rp(event, "attributeName") == "restore":
            for value in each(rp(event, "valuesToAdd")):
                everyone = (text(value) or "").lower() == "all"
                found.append("all" if everyone else context.foreign(value, event))
    elif call(event, "redshift", "AuthorizeSnapshotAccess"):
        found.append(context.foreign(rp(event, "accountWithRestoreAccess"), event))
    return found


def _shared(event: Event, context: Context) -> bool:
    return event.outcome == "succeeded" and any(_receivers(event, context))


def _database(event: Event, _: Context) -> list[str | None]:
    for path, kind in (
        ("dBClusterIdentifier", "cluster"),
        ("targetDBInstanceIdentifier", "instance"),
        ("dBInstanceIdentifier", "instance"),
    ):
        cluster = event.name.endswith("Cluster")
        found = name_in(event, path)
        target = event.name == "RestoreDBInstanceToPointInTime"
        if found and cluster == (kind == "cluster") and target == path.startswith("target"):
            return [f"{kind}:{found.lower()}"]
    return []


def _unlocked(event: Event, _: Context) -> bool:
    password = present(rp(event, "masterUserPassword"))
    return ok("rds", "ModifyDBInstance")(event, _) and (
        password or is_true(rp(event, "publiclyAccessible"))
    )


def _unprotected(event: Event, _: Context) -> bool:
    return ok("rds", "ModifyDBInstance ModifyDBCluster")(event, _) and (
        is_false(rp(event, "deletionProtection")) or text(rp(event, "backupRetentionPeriod")) == "0"
    )


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def _public_bucket(event: Event, _: Context) -> bool:
    if event.outcome != "succeeded":
        return False
    if call(event, "s3", "PutBucketPolicy"):
        return open_to_everyone(rp(event, "bucketPolicy"))
    if call(event, "s3", "PutBucketAcl CreateBucket"):
        acl = set(texts(each(rp(event, "x-amz-acl"))))
        public = acl & {"public-read", "public-read-write", "authenticated-read"}
        return bool(public) or any(g in found for found in _strings(event.request) for g in GROUPS)
    if call(event, "s3", "DeleteAccountPublicAccessBlock"):
        return True
    flags = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
    block = rp(event, "PublicAccessBlockConfiguration")
    return call(event, "s3", "PutAccountPublicAccessBlock") and any(
        is_false(at_path(block, flag)) for flag in flags
    )


def _foreign_bucket(event: Event, context: Context) -> bool:
    if ok("s3", "PutBucketPolicy")(event, context):
        return bool(foreign_accounts(rp(event, "bucketPolicy"), event, context))
    return ok("s3", "PutBucketReplication")(event, context) and any(
        context.foreign(at_path(rule, "Destination", "Account"), event)
        for rule in each(rp(event, "ReplicationConfiguration.Rule"))
    )


def _open_resource(event: Event, _: Context) -> bool:
    if event.outcome != "succeeded":
        return False
    for service, name, path in (
        ("secretsmanager", "PutResourcePolicy", "resourcePolicy"),
        ("kms", "PutKeyPolicy", "policy"),
        ("ecr", "SetRepositoryPolicy", "policyText"),
        ("sqs", "SetQueueAttributes", "attributes.Policy"),
    ):
        if call(event, service, name):
            return open_to_everyone(rp(event, path))
    if call(event, "sns", "SetTopicAttributes"):
        policy = rp(event, "attributeName") == "Policy"
        return policy and open_to_everyone(rp(event, "attributeValue"))
    if call(event, "lambda", "AddLayerVersionPermission*"):
        return rp(event, "principal") == "*" and not present(rp(event, "organizationId"))
    everyone = [
        (text(value) or "").lower() == "all" for value in each(rp(event, "accountIdsToAdd"))
    ]
    return call(event, "ssm", "ModifyDocumentPermission") and any(everyone)


def _foreign_key(event: Event, context: Context) -> bool:
    if not ok("s3", "PutObject CopyObject")(event, context):
        return False
    header = "x-amz-server-side-encryption"
    keys = texts(each(rp(event, f"{header}-aws-kms-key-id")))
    return (
        any(map(present, each(rp(event, f"{header}-customer-algorithm"))))
        or at_path(event.extra, "SSEApplied") == "SSE_C"
        or any(key.startswith("arn:") and context.foreign(key, event) for key in keys)
    )


def _days(value: Any) -> bool:
    found = text(value) or ""
    return re.fullmatch("-?[0-9.]+", found) is not None and float(found) <= 7


def _protection_removed(event: Event, _: Context) -> bool:
    if event.outcome != "succeeded":
        return False
    if call(event, "s3", "PutBucketVersioning"):
        return rp(event, "VersioningConfiguration.Status") == "Suspended"
    if call(event, "s3", "PutBucketLifecycle PutBucketLifecycleConfiguration"):
        return any(
            at_path(rule, "Status") == "Enabled"
            and (
                _days(at_path(rule, "Expiration", "Days"))
                or _days(at_path(rule, "NoncurrentVersionExpiration", "NoncurrentDays"))
            )
            for rule in each(rp(event, "LifecycleConfiguration.Rule"))
        )
    return call(event, "s3", "DeleteBucketReplication")


def _bucket(event: Event, _: Context) -> list[str | None]:
    return [name_in(event, "bucketName")]


def _backup(event: Event, _: Context) -> list[str | None]:
    for (service, name), path in BACKUPS.items():
        if call(event, service, name) and (found := name_in(event, path)):
            return [f"{name}|{found}"]
    return []


def _launch_refused(event: Event, _: Context) -> bool:
    code = event.error_code or ""
    return call(event, "ec2", "RunInstances") and (
        event.outcome == "denied" or any(word in code for word in REFUSED.split())
    )


def _locked(event: Event, _: Context) -> bool:
    return ok("ec2", "ModifyInstanceAttribute")(event, _) and any(
        is_true(rp(event, f"{name}.value")) for name in ("disableApiTermination", "disableApiStop")
    )


def _by_person(names: str) -> Step:
    return Step(lambda e, c: person(e) and ok("s3", names)(e, c), _bucket, times=10)


ROWS = (
    Kind("secretsmanager_mass_secret_read", "Secrets Manager - Many secrets read", "distinct",
         ok("secretsmanager", "GetSecretValue BatchGetSecretValue"), 10, 10, _secrets),
    Kind("ssm_mass_parameter_read", "SSM - Many parameters read in clear", "distinct",
         _parameter_read, 20, 10, _parameters),
    Kind("ec2_instance_secrets_requested",
         "EC2 - Passwords or user data of many instances requested", "distinct",
         _instance_secret, 5, 10, lambda e, c: [name_in(e, "instanceId")]),
    Kind("aws_snapshot_shared_outside", "AWS - Snapshot or image shared outside", "request",
         _shared, 1, None, _receivers),
    Kind("ec2_shared_snapshot_used_outside", "EC2 - Shared snapshot copied by the other side",
         "sequence", None, None, 10080,
         steps=(Step(lambda e, c: call(e, "ec2", "ModifySnapshotAttribute") and _shared(e, c),
                     lambda e, c: [name_in(e, "snapshotId")]),
                Step(ok("ec2", "SharedSnapshotVolumeCreated SharedSnapshotCopyInitiated"),
                     lambda e, c: [text(at_path(e.details, "snapshotId"))], anyone=True))),
    Kind("rds_copy_restored_and_unlocked",
         "RDS - Copy of a database restored and its password changed", "sequence", None, None,
         1440, steps=(Step(ok("rds", "RestoreDBInstanceFromDBSnapshot "
                              "RestoreDBInstanceToPointInTime"), _database),
                      Step(_unlocked, _database))),
    Kind("s3_bucket_opened_to_public", "S3 - Bucket opened to the public", "request",
         _public_bucket),
    Kind("s3_data_opened_to_foreign_account",
         "S3 - Data opened or replicated to a foreign account", "request", _foreign_bucket),
    Kind("s3_mass_download", "S3 - Far more objects downloaded than usual", "baseline",
         ok("s3", "GetObject"), 500, 60),
    Kind("aws_resource_policy_opened_to_everyone", "AWS - Resource policy opened to everyone",
         "request", _open_resource),
    Kind("s3_objects_encrypted_with_foreign_key",
         "S3 - Objects encrypted with a key that is not yours", "count", _foreign_key, 10, 10),
    Kind("s3_protection_removed", "S3 - Protection of a bucket removed", "request",
         _protection_removed),
    Kind("s3_protection_removed_then_objects_deleted",
         "S3 - Protection removed, then objects deleted", "sequence", None, 10, 1440,
         steps=(Step(_protection_removed, _bucket), Step(ok("s3", DELETE), _bucket))),
    Kind("s3_objects_downloaded_then_deleted",
         "S3 - Objects downloaded, then deleted, by a person", "combination", None, 10, 1440,
         steps=(_by_person("GetObject"), _by_person(DELETE))),
    Kind("kms_keys_made_unusable", "KMS - Key made unusable", "distinct",
         ok("kms", "ScheduleKeyDeletion DisableKey DeleteImportedKeyMaterial "
            "DisconnectCustomKeyStore"), 1, 60,
         lambda e, c: [name_in(e, "keyId") or name_in(e, "customKeyStoreId")]),
    Kind("aws_backups_destroyed", "AWS - Backups destroyed", "distinct",
         lambda e, c: e.outcome == "succeeded" and bool(_backup(e, c)), 5, 60, _backup),
    Kind("rds_protection_removed_then_deleted",
         "RDS - Deletion protection removed, then deleted", "sequence", None, None, 1440,
         steps=(Step(_unprotected, _database),
                Step(lambda e, c: ok("rds", "DeleteDBInstance DeleteDBCluster")(e, c)
                     and is_true(rp(e, "skipFinalSnapshot")), _database))),
    Kind("ec2_launches_refused", "EC2 - Launches refused in many regions or types", "distinct",
         _launch_refused, 3, 60,
         lambda e, c: [f"{e.region or ''}|{instance_type(None, e) or ''}"]),
    Kind("ec2_instances_locked_against_termination",
         "EC2 - Many instances locked against termination", "distinct", _locked, 3, 60,
         lambda e, c: [name_in(e, "instanceId")]),
)  # fmt: skip
