"""Who calls: the `userIdentity` of every type that CloudTrail knows."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

Json = dict[str, Any]

CLI = (
    "aws-cli/2.22.4 md/awscrt#0.23.2 ua/2.0 os/linux#6.8.0-49-generic md/arch#x86_64 "
    "lang/python#3.12.6 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off"
)
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) "
    "terraform-provider-aws/5.77.0 (+https://registry.terraform.io/providers/hashicorp/aws) "
    "aws-sdk-go-v2/1.32.5 ua/2.1 os/linux lang/go#1.23.3 md/GOOS#linux md/GOARCH#amd64"
)


@dataclass(frozen=True)
class Caller:
    """One identity at one address.

    `identity` is the record's `userIdentity`, `account` the account it acts in (12 digits, text).
    """

    account: str
    identity: Json
    source_ip: str = "198.51.100.23"
    user_agent: str = CLI

    def at(self, source_ip: str) -> Caller:
        """The same identity at another address."""
        return replace(self, source_ip=source_ip)


def iam_user(account: str, name: str, *, session_start: datetime | None = None) -> Caller:
    """An IAM user with a long-lived key; with `session_start`, with keys from a console session."""
    identity: Json = {
        "type": "IAMUser",
        "principalId": _invented_id("AIDA", account + name),
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "accessKeyId": _access_key("AKIA" if session_start is None else "ASIA", account + name),
        "userName": name,
    }
    if session_start is not None:
        identity["sessionContext"] = {"attributes": _attributes(session_start, mfa=True)}
    return Caller(account, identity)


def console_user(account: str, name: str) -> Caller:
    """An IAM user as ConsoleLogin shows it: no key and no session yet."""
    identity = iam_user(account, name).identity
    return Caller(
        account,
        {key: value for key, value in identity.items() if key != "accessKeyId"},
        user_agent=BROWSER,
    )


def unknown_console_user(account: str) -> Caller:
    """Somebody who mistyped the user name: CloudTrail hides it, it may be a password."""
    identity = {
        "type": "IAMUser",
        "accountId": account,
        "accessKeyId": "",
        "userName": "HIDDEN_DUE_TO_SECURITY_REASONS",
    }
    return Caller(account, identity, user_agent=BROWSER)


def root(account: str, session_start: datetime) -> Caller:
    """The account's root user in the console."""
    identity = {
        "type": "Root",
        "principalId": account,
        "arn": f"arn:aws:iam::{account}:root",
        "accountId": account,
        "accessKeyId": _access_key("ASIA", account),
        "sessionContext": {"attributes": _attributes(session_start, mfa=True)},
    }
    return Caller(account, identity, user_agent=BROWSER)


def role_session(  # noqa: PLR0913 - a session has that many parts
    account: str,
    role: str,
    session: str,
    session_start: datetime,
    *,
    path: str = "/",
    invoked_by: str | None = None,
) -> Caller:
    """A session of a role; `path` is the role's, with a slash at both ends."""
    issuer_id = _invented_id("AROA", account + role)
    identity: Json = {
        "type": "AssumedRole",
        "principalId": f"{issuer_id}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "accessKeyId": _access_key("ASIA", f"{account}{role}{session}{session_start}"),
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": issuer_id,
                "arn": f"arn:aws:iam::{account}:role{path}{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": _attributes(session_start, mfa=False),
        },
    }
    if invoked_by is None:
        return Caller(account, identity)
    identity["invokedBy"] = invoked_by
    return Caller(account, identity, source_ip=invoked_by, user_agent=invoked_by)


def sso_session(account: str, permissions: str, person: str, session_start: datetime) -> Caller:
    """A person of Identity Center in the role that it made for a permission set."""
    role = f"AWSReservedSSO_{permissions}_{_hex(account + permissions)[:16]}"
    return role_session(
        account, role, person, session_start, path="/aws-reserved/sso.amazonaws.com/eu-central-1/"
    )


def service_role(account: str, role: str, service: str, session_start: datetime) -> Caller:
    """A service-linked role at work, such as `AWSServiceRoleForConfig`."""
    path = f"/aws-service-role/{service}/"
    return role_session(account, role, role, session_start, path=path, invoked_by=service)


def aws_service(account: str, service: str) -> Caller:
    """An AWS service by itself, such as `config.amazonaws.com`: no ARN, no key."""
    identity = {"type": "AWSService", "invokedBy": service}
    return Caller(account, identity, source_ip=service, user_agent=service)


def federated_user(account: str, name: str, user: str, session_start: datetime) -> Caller:
    """A session that an IAM user made with GetFederationToken."""
    issuer = iam_user(account, user).identity
    identity = {
        "type": "FederatedUser",
        "principalId": f"{account}:{name}",
        "arn": f"arn:aws:sts::{account}:federated-user/{name}",
        "accountId": account,
        "accessKeyId": _access_key("ASIA", account + name),
        "sessionContext": {
            "sessionIssuer": {
                "type": "IAMUser",
                "principalId": issuer["principalId"],
                "arn": issuer["arn"],
                "accountId": account,
                "userName": user,
            },
            "attributes": _attributes(session_start, mfa=False),
        },
    }
    return Caller(account, identity)


def saml_user(account: str, name: str) -> Caller:
    """Somebody who asks for a role with a SAML assertion."""
    provider = base64.b64encode(hashlib.sha256(account.encode()).digest()[:20]).decode()
    identity = {
        "type": "SAMLUser",
        "principalId": f"{provider}:{name}",
        "userName": name,
        "identityProvider": provider,
    }
    return Caller(account, identity, user_agent=BROWSER)


def web_identity_user(account: str, subject: str) -> Caller:
    """A workload that asks for a role with an OpenID Connect token."""
    provider = f"arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com"
    identity = {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:sts.amazonaws.com:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }
    return Caller(account, identity)


def identity_center_user(account: str, user_id: str) -> Caller:
    """A person at the Identity Center itself."""
    store = "arn:aws:identitystore::111111111111:identitystore/d-9067642ac7"
    identity = {
        "type": "IdentityCenterUser",
        "accountId": account,
        "onBehalfOf": {"userId": user_id, "identityStoreArn": store},
        "credentialId": _hex(user_id)[:32],
    }
    return Caller(account, identity, user_agent=BROWSER)


def other_account(account: str, caller_account: str, name: str) -> Caller:
    """A principal of another account, as the account that owns the resource sees it."""
    identity = {
        "type": "AWSAccount",
        "principalId": f"{_invented_id('AROA', caller_account + name)}:{name}",
        "accountId": caller_account,
    }
    return Caller(account, identity)


def anonymous(account: str) -> Caller:
    """Nobody: an unsigned request to a public bucket."""
    identity = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    return Caller(account, identity, user_agent="[curl/8.9.1]")


def _attributes(session_start: datetime, *, mfa: bool) -> Json:
    return {
        "creationDate": session_start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "mfaAuthenticated": "true" if mfa else "false",
    }


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _invented_id(prefix: str, name: str) -> str:
    # Ends as the ids in AWS's documentation do, so that no scanner takes it for a secret.
    return (
        prefix + base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:10] + "EXAMPLE"
    )


def _access_key(prefix: str, name: str) -> str:
    return (
        prefix + base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:9] + "EXAMPLE"
    )
