-- One CloudTrail record a row, flat: the raw shape is known here and nowhere else.
with

raw_records as (

    select * from {{ trailhound.raw_cloudtrail() }} as raw_record

),

flat_records as (

    select
        nullif(eventid, '') as event_id,
        {{ trailhound.utc_timestamp('eventtime') }} as event_time,
        eventtime as event_time_text,
        nullif(eventversion, '') as event_version,
        nullif(eventsource, '') as event_source,
        nullif(eventname, '') as event_name,
        nullif(awsregion, '') as aws_region,
        {{ trailhound.written_value('errorcode') }} as error_code,
        {{ trailhound.written_value('errormessage') }} as error_message,
        {{ trailhound.user_identity('type') }} as user_type,
        {{ trailhound.user_identity('principalid') }} as principal_id,
        {{ trailhound.user_identity('arn') }} as user_arn,
        {{ trailhound.user_identity('accountid') }} as user_account_id,
        {{ trailhound.user_identity('username') }} as user_name,
        {{ trailhound.user_identity('accesskeyid') }} as access_key_id,
        {{ trailhound.user_identity('invokedby') }} as invoked_by,
        {{ trailhound.user_identity('identityprovider') }} as identity_provider,
        {{ trailhound.user_identity('onbehalfof.userid') }} as on_behalf_of_user_id,
        {{ trailhound.user_identity('sessioncontext.sessionissuer.arn') }} as session_issuer_arn,
        {{ trailhound.user_identity('sessioncontext.sessionissuer.type') }} as session_issuer_type,
        {{ trailhound.user_identity('sessioncontext.sessionissuer.username') }}
            as session_issuer_user_name,
        {{ trailhound.user_identity('sessioncontext.sourceidentity') }} as source_identity,
        {{ trailhound.user_identity('sessioncontext.ec2roledelivery') }} as ec2_role_delivery,
        {{ trailhound.user_identity('sessioncontext.webidfederationdata.federatedprovider') }}
            as web_identity_provider,
        {{ trailhound.user_identity('inscopeof.issuertype') }} as issued_to_type,
        {{ trailhound.user_identity('inscopeof.credentialsissuedto') }} as issued_to_arn,
        lower({{ trailhound.user_identity('sessioncontext.attributes.mfaauthenticated') }})
            as mfa_authenticated,
        {{ trailhound.user_identity('sessioncontext.attributes.creationdate') }}
            as session_creation_date,
        nullif(sourceipaddress, '') as source_ip,
        nullif(useragent, '') as user_agent,
        lower(nullif(readonly, '')) as read_only,
        nullif(nullif(requestparameters, ''), 'null') as request_parameters,
        nullif(nullif(responseelements, ''), 'null') as response_elements,
        nullif(nullif(additionaleventdata, ''), 'null') as additional_event_data,
        {{ trailhound.resource_arns() }} as resources,
        nullif(requestid, '') as request_id,
        nullif(sharedeventid, '') as shared_event_id,
        nullif(eventtype, '') as event_type,
        nullif(apiversion, '') as api_version,
        nullif(nullif(serviceeventdetails, ''), 'null') as service_event_details,
        nullif(recipientaccountid, '') as recipient_account_id,
        nullif(vpcendpointid, '') as vpc_endpoint_id,
        {{ trailhound.optional_field('vpcendpointaccountid') }} as vpc_endpoint_account_id,
        {{ trailhound.optional_field('eventcategory') }} as event_category,
        lower({{ trailhound.optional_field('sessioncredentialfromconsole') }})
            as session_from_console,
        {{ trailhound.delivery_day() }} as delivery_day

    from raw_records

)

-- A record without an eventID is known by its content. Insights events are no API calls, though a
-- trail may deliver them beside the records.
select
    coalesce(event_id, {{ trailhound.record_hash('flat_records') }}) as event_id,
    coalesce(recipient_account_id, user_account_id, 'unknown') as account_id,
    event_time,
    event_time_text,
    event_version,
    event_source,
    event_name,
    aws_region,
    error_code,
    error_message,
    user_type,
    principal_id,
    user_arn,
    user_account_id,
    user_name,
    access_key_id,
    invoked_by,
    identity_provider,
    on_behalf_of_user_id,
    session_issuer_arn,
    session_issuer_type,
    session_issuer_user_name,
    source_identity,
    ec2_role_delivery,
    web_identity_provider,
    issued_to_type,
    issued_to_arn,
    mfa_authenticated,
    session_creation_date,
    source_ip,
    user_agent,
    read_only,
    request_parameters,
    response_elements,
    additional_event_data,
    resources,
    request_id,
    shared_event_id,
    event_type,
    api_version,
    service_event_details,
    recipient_account_id,
    vpc_endpoint_id,
    vpc_endpoint_account_id,
    -- Older tables lack the category; the type says it too.
    coalesce(
        event_category, case when event_type = 'AwsVpceEvent' then 'NetworkActivity' end
    ) as event_category,
    session_from_console,
    delivery_day

from flat_records
where
    event_time is not null
    and event_name is not null
    and coalesce(event_type, '') <> 'AwsCloudTrailInsight'
    and {{ trailhound.is_of_read_deliveries() }}
