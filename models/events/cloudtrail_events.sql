-- One CloudTrail event a row, each once, with its account, its entity and its outcome.
-- {{ trailhound.after_builds() }}
with

-- CloudTrail delivers some records twice.
repeated_ids as (

    select
        event_id,
        account_id

    from {{ ref('cloudtrail_records') }}
    group by event_id, account_id
    having count(*) > 1

),

single_records as (

    select
        record.*,
        1 as copy_number

    from {{ ref('cloudtrail_records') }} as record
    left join repeated_ids
        on record.event_id = repeated_ids.event_id and record.account_id = repeated_ids.account_id
    where repeated_ids.event_id is null

),

copies as (

    select
        record.*,
        row_number() over (
            partition by record.event_id, record.account_id
            order by record.event_time, {{ trailhound.record_hash('record') }}
        ) as copy_number

    from {{ ref('cloudtrail_records') }} as record
    inner join repeated_ids
        on record.event_id = repeated_ids.event_id and record.account_id = repeated_ids.account_id

),

distinct_records as (

    select * from single_records
    union all
    select * from copies
    where copy_number = 1

),

addresses as (

    select
        source_ip,
        {{ trailhound.address_hex('source_ip') }} as source_address

    from (select distinct source_ip from {{ ref('cloudtrail_records') }}) as distinct_source

),

-- arn:aws:sts::1:assumed-role/ROLE/SESSION: the caller chooses the session's name.
named_records as (

    select
        *,
        user_type in ('AssumedRole', 'Role', 'AssumedRoot') as is_role,
        coalesce(
            {{ trailhound.last_arn_part('session_issuer_arn') }},
            session_issuer_user_name,
            case
                when user_arn like '%:assumed-role/%' then nullif(split_part(user_arn, '/', 2), '')
                when user_arn like '%:role/%' then {{ trailhound.last_arn_part('user_arn') }}
            end
        ) as role_name,
        case
            when user_arn like '%:assumed-role/%/%'
                then concat(split_part(user_arn, '/', 1), '/', split_part(user_arn, '/', 2))
            when user_arn like '%:assumed-root/%' then split_part(user_arn, '/', 1)
            else user_arn
        end as role_arn,
        nullif(
            coalesce(
                case
                    when user_arn like '%:assumed-role/%'
                        then nullif(split_part(user_arn, '/', 3), '')
                end,
                split_part(principal_id, ':', 2)
            ),
            ''
        ) as role_session_name

    from distinct_records

),

classified_records as (

    select
        *,
        case
            when user_type = 'Root' then 'root'
            when user_type = 'IAMUser' then 'iam_user'
            when
                is_role and (
                    session_issuer_arn like '%:role/aws-service-role/%'
                    or role_name like 'AWSServiceRoleFor%'
                )
                then 'service'
            when is_role and {{ trailhound.is_human_role('role_name') }} then 'sso_user'
            when is_role then 'role'
            when user_type = 'FederatedUser' then 'federated_user'
            when
                user_type = 'IdentityCenterUser'
                or (
                    user_type = 'Unknown'
                    and (
                        on_behalf_of_user_id is not null
                        or (
                            user_name is not null
                            and {{ trailhound.text_matches('principal_id', '^[0-9]{12}$') }}
                        )
                    )
                )
                then 'identity_center_user'
            when user_type = 'SAMLUser' then 'saml_user'
            when user_type = 'WebIdentityUser' then 'web_identity_user'
            when
                user_type = 'AWSAccount' and (
                    user_account_id in ('ANONYMOUS_PRINCIPAL', 'Anonymous')
                    or principal_id in ('ANONYMOUS_PRINCIPAL', 'Anonymous')
                )
                then 'anonymous'
            when user_type = 'AWSAccount' then 'aws_account'
            when user_type = 'AWSService' then 'service'
            when user_type is null and invoked_by is not null then 'service'
            else 'unknown'
        end as entity_type

    from named_records

)

select
    event_id,
    account_id,
    event_time,
    cast(event_time as date) as event_date,
    event_source,
    event_name,
    aws_region,
    case
        when event_source = 'signin.amazonaws.com' and event_name = 'ConsoleLogin'
            then
                case
                    when {{ trailhound.json_text('response_elements', 'ConsoleLogin') }} = 'Success'
                        then 'succeeded'
                    when {{ trailhound.is_denied('error_code') }} then 'denied'
                    else 'failed'
                end
        when {{ trailhound.is_denied('error_code') }} then 'denied'
        when error_code is not null then 'failed'
        -- Some sign-in events say only there how they ended.
        {%- for field, names in [
            ('service_event_details', ['UserAuthentication', 'CredentialVerification']),
            ('response_elements', ['GetSigninToken', 'CheckMfa', 'SwitchRole', 'PasswordUpdated']),
        ] %}
        {%- for name in names %}
        when
            event_source = 'signin.amazonaws.com' and event_name = '{{ name }}'
            and coalesce(
                {{ trailhound.json_text(field, name) }},
                {{ trailhound.json_value(field, name) }},
                'Success'
            ) <> 'Success'
            then 'failed'
        {%- endfor %}
        {%- endfor %}
        else 'succeeded'
    end as outcome,
    error_code,
    error_message,
    coalesce(
        case
            when entity_type = 'root'
                then coalesce(user_arn, 'arn:aws:iam::' || user_account_id || ':root')
            when entity_type = 'iam_user' then coalesce(user_arn, user_name, principal_id)
            when entity_type = 'sso_user' then user_arn
            when is_role
                then
                    coalesce(
                        session_issuer_arn, role_arn, nullif(split_part(principal_id, ':', 1), '')
                    )
            when entity_type = 'federated_user' then coalesce(session_issuer_arn, user_arn)
            when entity_type = 'identity_center_user'
                then
                    coalesce(
                        on_behalf_of_user_id,
                        case when user_type = 'Unknown' then user_name end,
                        principal_id,
                        {{ trailhound.json_text('additional_event_data', 'UserName') }}
                    )
            when entity_type in ('saml_user', 'web_identity_user')
                then {{ trailhound.joined_by_colon(
                    'identity_provider', 'coalesce(user_name, principal_id)'
                ) }}
            when entity_type = 'anonymous' then 'anonymous'
            when entity_type = 'aws_account'
                then {{ trailhound.joined_by_colon('user_account_id', 'principal_id') }}
            when entity_type = 'service' then invoked_by
            else coalesce(user_arn, principal_id, user_name)
        end,
        'unknown'
    ) as entity_id,
    entity_type,
    user_type,
    user_name,
    case
        when user_type = 'IAMUser' then user_name
        when user_type = 'FederatedUser' then session_issuer_user_name
    end as own_user_name,
    user_arn,
    user_account_id,
    principal_id,
    identity_provider,
    session_issuer_arn,
    session_issuer_type,
    session_issuer_user_name,
    session_creation_date,
    case when is_role then role_session_name end as session_name,
    access_key_id,
    source_identity,
    ec2_role_delivery,
    web_identity_provider,
    issued_to_type,
    issued_to_arn,
    case
        when mfa_authenticated in ('true', 'false') then mfa_authenticated = 'true'
        when event_source = 'signin.amazonaws.com' and event_name = 'ConsoleLogin'
            then lower({{ trailhound.json_text('additional_event_data', 'MFAUsed') }}) = 'yes'
    end as mfa,
    mfa_authenticated,
    invoked_by,
    classified_records.source_ip,
    addresses.source_address,
    user_agent,
    case when session_from_console in ('true', 'false') then session_from_console = 'true' end
        as session_from_console,
    {{ trailhound.client_type('user_agent', "coalesce(session_from_console, '') = 'true'") }}
        as client_type,
    case when read_only in ('true', 'false') then read_only = 'true' end as read_only,
    request_parameters,
    response_elements,
    additional_event_data,
    service_event_details,
    resources,
    request_id,
    shared_event_id,
    event_type,
    event_category,
    recipient_account_id,
    vpc_endpoint_id,
    vpc_endpoint_account_id,
    {{ trailhound.kept_record_hash('classified_records') }} as record_hash,
    {{ trailhound.utc_now() }} as built_at

from classified_records
left join addresses on classified_records.source_ip = addresses.source_ip
where {{ trailhound.is_new_event('classified_records') }}
