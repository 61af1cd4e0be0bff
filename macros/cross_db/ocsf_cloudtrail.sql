{#
    Security Lake's table of CloudTrail events in AWS's own columns, as a subquery for Trino and
    Athena. OCSF 1.0 and 1.1 name some attributes otherwise; through JSON, one that a table lacks is
    null. What OCSF leaves out stays null: whether MFA was used, the resources, the additional data.
    cli/trailhound/load/tolerant/mapped.py does the same for files.

    https://github.com/ocsf/examples (mappings/markdown/AWS)
#}
{% macro ocsf_cloudtrail(table) -%}
    {%- set created = [
        trailhound.ocsf_at('actor', 'session.created_time_dt'),
        trailhound.ocsf_time("try_cast(" ~ trailhound.ocsf_at('actor', 'session.created_time')
            ~ " as bigint)"),
    ] -%}
    {%- set issuer = trailhound.ocsf_at('actor', 'session.issuer') -%}
    {%- set uid = trailhound.ocsf_at('actor', 'user.uid') -%}
    (
        select
            {{ trailhound.ocsf_at('metadata', 'uid') }} as eventid,
            {{ trailhound.ocsf_time('"time"') }} as eventtime,
            {{ trailhound.ocsf_at('metadata', 'product.version') }} as eventversion,
            {{ trailhound.ocsf_at('api', 'service.name') }} as eventsource,
            {{ trailhound.ocsf_at('api', 'operation') }} as eventname,
            {{ trailhound.ocsf_at('cloud', 'region') }} as awsregion,
            {{ trailhound.ocsf_at('api', 'response.error') }} as errorcode,
            coalesce(
                {{ trailhound.ocsf_at('api', 'response.message') }},
                {{ trailhound.ocsf_at('api', 'response.error_message') }}
            ) as errormessage,
            cast(row(
                {{ trailhound.ocsf_at('actor', 'user.type') }},
                coalesce(
                    case when {{ uid }} not like 'arn:%' then {{ uid }} end,
                    {{ trailhound.ocsf_at('actor', 'user.uid_alt') }}
                ),
                coalesce(
                    case when {{ uid }} like 'arn:%' then {{ uid }} end,
                    {{ trailhound.ocsf_at('actor', 'user.uuid') }}
                ),
                coalesce(
                    {{ trailhound.ocsf_at('actor', 'user.account.uid') }},
                    {{ trailhound.ocsf_at('actor', 'user.account_uid') }}
                ),
                {{ trailhound.ocsf_at('actor', 'user.name') }},
                {{ trailhound.ocsf_at('actor', 'user.credential_uid') }},
                {{ trailhound.ocsf_at('actor', 'invoked_by') }},
                {{ trailhound.ocsf_at('actor', 'idp.name') }},
                row(
                    row(replace(coalesce({{ created | join(', ') }}), ' ', 'T')),
                    row(
                        {{ issuer }},
                        regexp_extract({{ issuer }}, '^(?:[^:]*:){5}role/(?:.*/)?([^/]+)$', 1)
                    ),
                    element_at(unmapped, 'userIdentity.sessionContext.sourceIdentity'),
                    element_at(unmapped, 'userIdentity.sessionContext.ec2RoleDelivery')
                )
            ) as row(
                type varchar, principalid varchar, arn varchar, accountid varchar,
                username varchar, accesskeyid varchar, invokedby varchar, identityprovider varchar,
                sessioncontext row(
                    attributes row(creationdate varchar),
                    sessionissuer row(arn varchar, username varchar),
                    sourceidentity varchar,
                    ec2roledelivery varchar
                )
            )) as useridentity,
            coalesce(
                {{ trailhound.ocsf_at('src_endpoint', 'ip') }},
                {{ trailhound.ocsf_at('src_endpoint', 'domain') }},
                {{ trailhound.ocsf_at('src_endpoint', 'svc_name') }}
            ) as sourceipaddress,
            {{ trailhound.ocsf_at('http_request', 'user_agent') }} as useragent,
            element_at(unmapped, 'readOnly') as readonly,
            {{ trailhound.ocsf_at('api', 'request.data') }} as requestparameters,
            coalesce(
                {{ trailhound.ocsf_at('api', 'response.data') }},
                case when {{ trailhound.ocsf_at('api', 'operation') }} = 'ConsoleLogin'
                    then json_format(cast(map(array['ConsoleLogin'], array[status]) as json))
                end
            ) as responseelements,
            cast(null as varchar) as additionaleventdata,
            cast(null as varchar) as serviceeventdetails,
            cast(null as array(row(arn varchar))) as resources,
            {{ trailhound.ocsf_at('api', 'request.uid') }} as requestid,
            element_at(unmapped, 'sharedEventID') as sharedeventid,
            coalesce(
                {{ trailhound.ocsf_at('metadata', 'event_code') }},
                element_at(unmapped, 'eventType')
            ) as eventtype,
            {{ trailhound.ocsf_at('api', 'version') }} as apiversion,
            coalesce(
                {{ trailhound.ocsf_at('cloud', 'account.uid') }},
                {{ trailhound.ocsf_at('cloud', 'account_uid') }},
                element_at(unmapped, 'recipientAccountId')
            ) as recipientaccountid,
            coalesce(
                {{ trailhound.ocsf_at('src_endpoint', 'uid') }},
                element_at(unmapped, 'vpcEndpointId')
            ) as vpcendpointid,
            element_at(unmapped, 'vpcEndpointAccountId') as vpcendpointaccountid,
            {{ trailhound.ocsf_at('metadata', 'product.feature.name') }} as eventcategory,
            {{ trailhound.delivery_day_expression() }} as ocsf_delivery_day
        from {{ table }}
        where lower({{ trailhound.ocsf_at('metadata', 'product.name') }}) like '%cloudtrail%'
    )
{%- endmacro %}


{# What stands at a path of a column of rows, as text. #}
{% macro ocsf_at(column, path) -%}
    json_extract_scalar(cast({{ column }} as json), '$.{{ path }}')
{%- endmacro %}


{# A time of OCSF, milliseconds since 1970, as CloudTrail writes it. #}
{% macro ocsf_time(milliseconds) -%}
    date_format(
        from_unixtime({{ milliseconds }} / 1000, 'UTC'), '%Y-%m-%dT%H:%i:%sZ'
    )
{%- endmacro %}
