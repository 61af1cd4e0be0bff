"""Rows 32-48: IAM."""

from __future__ import annotations

from oracle.context import Context, client, is_true
from oracle.events import Event, absent, at_path, matches_glob, text
from oracle.kinds import Kind, Step
from oracle.words import (
    call,
    each,
    foreign_accounts,
    grants_administration,
    name_in,
    ok,
    open_to_everyone,
    own_name,
    person,
    rp,
    statements,
)

ADMIN = [f"arn:aws*:iam::aws:policy/{name}" for name in (
    "AdministratorAccess", "IAMFullAccess", "PowerUserAccess")]  # fmt: skip
SHARED = (
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
    "oidc.circleci.com*",
)


def _admin_policy(event: Event) -> bool:
    return any(matches_glob(pattern, name_in(event, "policyArn") or "") for pattern in ADMIN)


def granted(event: Event, _: Context) -> bool:
    """Row 35: an act that grants administration."""
    if event.outcome != "succeeded":
        return False
    if call(event, "iam", "AttachUserPolicy AttachRolePolicy AttachGroupPolicy"):
        return _admin_policy(event)
    put = call(event, "iam", "PutUserPolicy PutRolePolicy PutGroupPolicy")
    version = call(event, "iam", "CreatePolicyVersion") and is_true(rp(event, "setAsDefault"))
    return (put or version) and grants_administration(rp(event, "policyDocument"))


def _user_made_admin(event: Event, _: Context) -> bool:
    if call(event, "iam", "AttachUserPolicy PutUserPolicy"):
        return granted(event, _)
    return ok("iam", "AddUserToGroup")(event, _) and matches_glob(
        "*dmin*", name_in(event, "groupName") or ""
    )


def _for_another(event: Event, _: Context) -> bool:
    name = name_in(event, "userName")
    calls = ok("iam", "CreateAccessKey CreateLoginProfile UpdateLoginProfile")
    return calls(event, _) and person(event) and name is not None and name != own_name(event)


def _trust(event: Event) -> object:
    if event.outcome != "succeeded":
        return None
    if call(event, "iam", "CreateRole"):
        return rp(event, "assumeRolePolicyDocument")
    return rp(event, "policyDocument") if call(event, "iam", "UpdateAssumeRolePolicy") else None


def _any_repository(event: Event, _: Context) -> bool:
    for one in statements(_trust(event)):
        providers = [text(p) or "" for p in each(at_path(one.get("Principal"), "Federated"))]
        shared = any(matches_glob(f"*oidc-provider/{n}", p) for n in SHARED for p in providers)
        if one.get("Effect") != "Allow" or not shared:
            continue
        condition = one.get("Condition")
        operators = condition.values() if isinstance(condition, dict) else []
        subjects = [
            each(value)
            for operator in operators
            if isinstance(operator, dict)
            for key, value in operator.items()
            if key.lower().endswith(":sub")
        ]
        values = [text(value) or "" for found in subjects for value in found]
        if not subjects or any(v in ("*", "repo:*") or v.startswith("repo:*/") for v in values):
            return True
    return False


def _provider(event: Event, _: Context) -> bool:
    calls = ok(
        "iam",
        "CreateSAMLProvider UpdateSAMLProvider CreateOpenIDConnectProvider "
        "AddClientIDToOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint",
    )
    arn = name_in(event, "sAMLProviderArn") or text(at_path(event.response, "sAMLProviderArn"))
    name = name_in(event, "name") or (arn or "").rsplit("/", 1)[-1]
    upkeep = matches_glob("AWSSSO_*_DO_NOT_DELETE", name)
    return calls(event, _) and not (upkeep and event.source_ip == "sso.amazonaws.com")


def _mfa_removed(event: Event, _: Context) -> bool:
    name = name_in(event, "userName")
    other = name is not None and name != own_name(event)
    return ok("iam", "DeactivateMFADevice")(event, _) and (event.entity_type == "root" or other)


def _key_ended(event: Event, _: Context) -> bool:
    inactive = call(event, "iam", "UpdateAccessKey") and rp(event, "status") == "Inactive"
    return event.outcome == "succeeded" and (call(event, "iam", "DeleteAccessKey") or inactive)


def _key_used(event: Event, _: Context) -> bool:
    read_only = (text(event.record.get("readOnly")) or "").lower()
    writes = event.source == "iam.amazonaws.com" and read_only == "false"
    tokens = call(event, "sts", "AssumeRole GetFederationToken GetSessionToken")
    return event.outcome == "succeeded" and (writes or tokens)


def _quarantine(event: Event) -> bool:
    return matches_glob("*:policy/AWSCompromisedKeyQuarantine*", name_in(event, "policyArn") or "")


def _suspended(event: Event, _: Context) -> bool:
    if event.outcome != "succeeded":
        return False
    if call(event, "iam", "AttachUserPolicy"):
        return _quarantine(event) or matches_glob(
            "*:policy/AWSDenyAll", name_in(event, "policyArn") or ""
        )
    return call(event, "iam", "PutUserPolicy") and any(
        one.get("Effect") == "Deny"
        and "*" in each(one.get("Action"))
        and "*" in each(one.get("Resource"))
        for one in statements(rp(event, "policyDocument"))
    )


def _lifted(event: Event, _: Context) -> bool:
    name = name_in(event, "userName")
    calls = ok("iam", "DetachUserPolicy DeleteUserPolicy")
    return calls(event, _) and name is not None and name == own_name(event)


def _anchor(event: Event, _: Context) -> bool:
    kind = name_in(event, "source.sourceType")
    if not ok("rolesanywhere", "CreateTrustAnchor UpdateTrustAnchor")(event, _):
        return False
    return event.name == "CreateTrustAnchor" if kind is None else kind != "AWS_ACM_PCA"


def _enumerates(event: Event, _: Context) -> bool:
    return call(event, "iam", "Get* List* Simulate*") and client(event) == "other"


def _elsewhere(event: Event, _: Context) -> bool:
    name = text(event.identity.get("userName")) or ""
    return (
        event.entity_type == "iam_user"
        and name.startswith("BedrockAPIKey-")
        and not (event.source or "").startswith("bedrock")
    )


def _user(event: Event, _: Context) -> list[str | None]:
    return [name_in(event, "userName")]


def _foreign_trust(event: Event, context: Context) -> bool:
    document = _trust(event)
    return bool(foreign_accounts(document, event, context)) or open_to_everyone(document)


ROWS = (
    Kind("iam_root_access_key_created", "IAM - Access key for root created", "request",
         lambda e, c: ok("iam", "CreateAccessKey")(e, c) and e.entity_type == "root"
         and absent(rp(e, "userName"))),
    Kind("iam_credentials_created_for_another_user",
         "IAM - Key or password made for another user", "request", _for_another),
    Kind("iam_user_created_and_made_administrator", "IAM - New user made administrator",
         "sequence", None, None, 60,
         steps=(Step(ok("iam", "CreateUser"), _user), Step(_user_made_admin, _user))),
    Kind("iam_administrator_policy_granted", "IAM - Administrator permissions granted",
         "request", granted),
    Kind("iam_escalated_after_denied_calls", "IAM - Permissions granted after denied calls",
         "sequence", None, 3, 60,
         steps=(Step(lambda e, c: e.outcome == "denied", times=3), Step(granted))),
    Kind("iam_permissions_enumerated", "IAM - Users, roles and policies enumerated", "distinct",
         _enumerates, 8, 10, lambda e, c: [e.name]),
    Kind("iam_role_trusts_foreign_account", "IAM - Role opened to a foreign account", "request",
         _foreign_trust),
    Kind("iam_role_trusts_any_repository", "IAM - Role opened to any OIDC subject", "request",
         _any_repository),
    Kind("iam_identity_provider_changed", "IAM - Identity provider added or changed", "request",
         _provider),
    Kind("iam_mfa_device_removed", "IAM - MFA device of root or of another user removed",
         "request", _mfa_removed),
    Kind("iam_deleted_key_still_used", "IAM - Access key used after it was deleted", "sequence",
         None, None, 60, later=True,
         steps=(Step(_key_ended, lambda e, c: [name_in(e, "accessKeyId")], anyone=True),
                Step(_key_used, lambda e, c: [e.access_key_id]))),
    Kind("iam_containment_undone", "IAM - Suspended user lifts its own suspension", "sequence",
         None, None, 60, steps=(Step(_suspended, _user, anyone=True), Step(_lifted, _user))),
    Kind("iam_compromised_key_quarantined", "IAM - AWS quarantined a leaked access key",
         "request", lambda e, c: ok("iam", "AttachUserPolicy")(e, c) and _quarantine(e),
         by="target", services=True),
    Kind("iam_roles_anywhere_trust_created",
         "IAM - Roles Anywhere trusts an external authority", "request", _anchor),
    Kind("iam_bedrock_key_user_acts_elsewhere",
         "IAM - User of a Bedrock API key acts outside Bedrock", "count", _elsewhere, 1, 60),
    Kind("iam_policy_too_large_to_log", "IAM - Request too large for CloudTrail", "request",
         lambda e, c: e.outcome == "succeeded" and e.source == "iam.amazonaws.com"
         and is_true(rp(e, "omitted"))),
    Kind("iam_access_key_used_from_new_network",
         "IAM - Long-term key used from a network new to the user", "first_seen",
         lambda e, c: e.outcome == "succeeded" and (e.access_key_id or "").startswith("AKIA"),
         values=lambda e, c: [c.network(e.source_ip)]),
)  # fmt: skip
