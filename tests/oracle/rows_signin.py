"""Rows 16-31: sign-in and sessions."""

from __future__ import annotations

from collections.abc import Sequence

from oracle.context import Context, has_marks_of_instance, is_address, is_instance
from oracle.events import Event, absent, at_path, text
from oracle.kinds import Kind, Step
from oracle.words import any_outcome, call, name_in, ok, person, rp

LOGIN = "ConsoleLogin"


def _login_ok(event: Event, _: Context) -> bool:
    return event.outcome == "succeeded" and call(event, "signin", LOGIN)


def _login_failed(event: Event, _: Context) -> bool:
    return event.outcome != "succeeded" and call(event, "signin", LOGIN)


def _mfa(event: Event) -> str | None:
    return text(at_path(event.extra, "MFAUsed"))


def _root_used(event: Event, _: Context) -> bool:
    return (
        event.entity_type == "root"
        and event.outcome == "succeeded"
        and event.record.get("eventType") != "AwsServiceEvent"
        and absent(event.identity.get("invokedBy"))
    )


def _sprayed(event: Event, _: Context) -> list[str | None]:
    return ["root" if event.entity_type == "root" else text(event.identity.get("userName"))]


def country(event: Event, context: Context) -> str | None:
    """The country of the source; AWS addresses have none."""
    return None if context.is_aws(event.source_ip) else context.of(event.source_ip)


def _task(event: Event, _: Context) -> bool:
    policy = name_in(event, "taskPolicyArn.arn") or name_in(event, "taskPolicyArn") or ""
    return ok("sts", "AssumeRoot")(event, _) and not policy.endswith("/IAMAuditRootUserCredentials")


def _signed_in(event: Event, _: Context) -> bool:
    return (
        event.outcome == "succeeded"
        and call(event, "signin", "GetSigninToken ConsoleLogin")
        and event.identity.get("type") == "FederatedUser"
    )


def _device(event: Event, _: Context) -> bool:
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    return (
        event.entity_type == "identity_center_user"
        and any(ok(source, "CreateToken")(event, _) for source in ("sso", "sso-oauth"))
        and rp(event, "grantType") == grant
    )


def _approved(event: Event, _: Context) -> bool:
    return event.entity_type == "identity_center_user" and ok("signin", "UserAuthentication")(
        event, _
    )


def _two_countries(events: Sequence[Event], context: Context) -> bool:
    return len({context.of(event.source_ip) for event in events} - {None}) >= 2


def _subject(event: Event, _: Context) -> list[str | None]:
    role, user = name_in(event, "roleArn"), text(event.identity.get("userName"))
    if not role or not user or user.startswith("system:serviceaccount:"):
        return []
    return [f"{role}|{':'.join(user.split(':')[:2])}"]


def _new_identity(event: Event, _: Context) -> bool:
    return any(
        ok(source, "CreateUser CreateGroup")(event, _)
        for source in ("sso-directory", "identitystore")
    )


def _instance_outside(event: Event, context: Context) -> bool:
    return is_instance(event) and context.is_outside_aws(event)


def _has_address(event: Event) -> bool:
    return is_address(event.source_ip)


ROWS = (
    Kind("signin_root_account_used", "Sign-in - Root account used", "count", _root_used, 1, 60),
    Kind("signin_console_login_without_mfa", "Sign-in - Console login without MFA", "count",
         lambda e, c: _login_ok(e, c) and _mfa(e) == "No"
         and e.identity.get("type") in ("IAMUser", "Root"), 1, 1440),
    Kind("signin_password_spraying",
         "Sign-in - Passwords of many users tried from one address", "distinct",
         _login_failed, 5, 60, _sprayed, by="address"),
    Kind("signin_console_login_after_failures", "Sign-in - Console login after many failures",
         "sequence", None, 5, 15, steps=(Step(_login_failed, times=5), Step(_login_ok)),
         by="login"),
    Kind("signin_mfa_challenges_failed",
         "Sign-in - Logins with a second factor failed repeatedly", "count",
         lambda e, c: _login_failed(e, c) and _mfa(e) == "Yes", 3, 10, by="login"),
    Kind("signin_root_password_recovery", "Sign-in - Root password recovery", "count",
         any_outcome("signin", "PasswordRecoveryRequested PasswordRecoveryCompleted"), 1, 60,
         by="account"),
    Kind("signin_impossible_travel", "Sign-in - Impossible travel", "travel",
         lambda e, c: _login_ok(e, c) and country(e, c) is not None, 500, 1440, by="login"),
    Kind("signin_login_from_new_country", "Sign-in - Login from a country new to the user",
         "first_seen", lambda e, c: _login_ok(e, c) or ok("signin", "UserAuthentication")(e, c),
         values=lambda e, c: [country(e, c)], by="login"),
    Kind("sts_credentials_used_from_multiple_countries",
         "STS - One credential used from several countries", "distinct",
         lambda e, c: True, 2, 60, lambda e, c: [country(e, c)], by="credential"),
    Kind("sts_credentials_used_from_multiple_networks",
         "STS - One credential used from several networks", "distinct",
         lambda e, c: True, 3, 60, lambda e, c: [c.network(e.source_ip)], by="credential"),
    Kind("sts_instance_credentials_used_outside_aws",
         "STS - Credentials of an instance or function used outside AWS", "count",
         _instance_outside, 1, 60, by="credential"),
    Kind("sts_key_became_console_session", "STS - Long-term key turned into a console session",
         "sequence", None, None, 60,
         steps=(Step(ok("sts", "GetFederationToken")), Step(_signed_in))),
    Kind("sts_root_session_assumed", "STS - Root session of a member account assumed", "count",
         _task, 1, 60),
    Kind("sso_device_code_approved_elsewhere",
         "Identity Center - Device code approved in another country than it is used",
         "combination", None, 1, 15, steps=(Step(_device), Step(_approved)),
         spread=_two_countries),
    Kind("sts_web_identity_from_new_subject", "STS - Role assumed by a new OIDC subject",
         "first_seen", ok("sts", "AssumeRoleWithWebIdentity"), values=_subject, by="account"),
    Kind("sso_backdoor_identity_assigned",
         "Identity Center - New user or group given an account", "sequence", None, None, 120,
         steps=(Step(_new_identity), Step(ok("sso", "CreateAccountAssignment")))),
    Kind("sts_federation_token_issued", "STS - Federation token issued to a user", "count",
         lambda e, c: ok("sts", "GetFederationToken")(e, c)
         and e.entity_type in ("iam_user", "root"), 1, 60),
    Kind("sts_instance_credentials_beside_a_person",
         "STS - Instance credentials used from a person's address", "combination", None, 1, 60,
         steps=(Step(lambda e, c: _has_address(e) and is_instance(e)),
                Step(lambda e, c: _has_address(e) and person(e) and bool(e.access_key_id)
                     and not has_marks_of_instance(e))),
         by="address"),
)  # fmt: skip
