-- The calls that weaken what watches an account, a trail apart, went through or refused.
with

calls_on_defenses as (

    select
        *,
        case
            when event_source = 'guardduty.amazonaws.com' then 'guardduty'
            when
                (
                    event_source = 'route53resolver.amazonaws.com'
                    and event_name in (
                        'DeleteResolverQueryLogConfig', 'DisassociateResolverQueryLogConfig'
                    )
                )
                or (
                    event_source = 'route53.amazonaws.com'
                    and event_name = 'DeleteQueryLoggingConfig'
                )
                or (
                    event_source = 'bedrock.amazonaws.com'
                    and event_name = 'DeleteModelInvocationLoggingConfiguration'
                )
                or (
                    event_source = 'wafv2.amazonaws.com'
                    and event_name = 'DeleteLoggingConfiguration'
                )
                or (
                    event_source = 'rds.amazonaws.com'
                    and event_name = 'StopActivityStream'
                )
                or (
                    event_source = 'redshift.amazonaws.com'
                    and event_name = 'DisableLogging'
                )
                or (
                    event_source = 's3.amazonaws.com'
                    and event_name = 'PutBucketLogging'
                )
                then 'service_logging'
            else 'security_service'
        end as defense,
        -- Some calls weaken only with certain parameters.
        case
            when
                event_source = 'guardduty.amazonaws.com'
                and event_name = 'UpdateDetector'
                then {{ trailhound.json_is('request_parameters', 'enable', false) }}
            when
                event_source = 'guardduty.amazonaws.com'
                and event_name in ('CreateFilter', 'UpdateFilter')
                then {{ trailhound.json_text('request_parameters', 'action') }} = 'ARCHIVE'
            when
                event_source = 'guardduty.amazonaws.com'
                and event_name in (
                    'CreateIPSet', 'UpdateIPSet', 'CreateTrustedEntitySet',
                    'UpdateTrustedEntitySet'
                )
                then {{ trailhound.json_is('request_parameters', 'activate', true) }}
            when
                event_source = 'macie2.amazonaws.com'
                and event_name = 'UpdateMacieSession'
                then {{ trailhound.json_text('request_parameters', 'status') }} = 'PAUSED'
            when
                event_source = 's3.amazonaws.com'
                and event_name = 'PutBucketLogging'
                then {{ trailhound.json_value('request_parameters', 'BucketLoggingStatus') }} like concat('{', '%')
                    and {{ trailhound.json_value('request_parameters', 'BucketLoggingStatus.LoggingEnabled') }} is null
            else true
        end as is_weakened

    from {{ ref('watched_calls') }}
    where
        (
            event_source = 'guardduty.amazonaws.com'
            and event_name in (
                'DeleteDetector', 'DisassociateFromMasterAccount',
                'DisassociateFromAdministratorAccount', 'DisassociateMembers',
                'DeleteMembers', 'StopMonitoringMembers',
                'DeletePublishingDestination', 'DisableOrganizationAdminAccount'
            )
        )
        or (
            event_source = 'guardduty.amazonaws.com'
            and event_name = 'UpdateDetector'
        )
        or (
            event_source = 'guardduty.amazonaws.com'
            and event_name in ('CreateFilter', 'UpdateFilter')
        )
        or (
            event_source = 'guardduty.amazonaws.com'
            and event_name in (
                'CreateIPSet', 'UpdateIPSet', 'CreateTrustedEntitySet',
                'UpdateTrustedEntitySet'
            )
        )
        or (
            event_source = 'securityhub.amazonaws.com'
            and event_name in (
                'DisableSecurityHub', 'BatchDisableStandards', 'DeleteMembers',
                'DisassociateMembers', 'DisassociateFromAdministratorAccount',
                'DisableOrganizationAdminAccount'
            )
        )
        or (
            event_source = 'config.amazonaws.com'
            and event_name in (
                'StopConfigurationRecorder', 'DeleteConfigurationRecorder',
                'DeleteDeliveryChannel'
            )
        )
        or (
            event_source = 'macie2.amazonaws.com'
            and event_name in ('DisableMacie', 'DisassociateFromAdministratorAccount')
        )
        or (
            event_source = 'macie2.amazonaws.com'
            and event_name = 'UpdateMacieSession'
        )
        or (
            event_source = 'access-analyzer.amazonaws.com'
            and event_name = 'DeleteAnalyzer'
        )
        or (
            event_source = 'detective.amazonaws.com'
            and event_name = 'DeleteGraph'
        )
        or (event_source = 'inspector2.amazonaws.com' and event_name = 'Disable')
        or (
            event_source = 'securitylake.amazonaws.com'
            and event_name = 'DeleteDataLake'
        )
        or (
            event_source = 'wafv2.amazonaws.com'
            and event_name in ('DeleteWebACL', 'DisassociateWebACL')
        )
        or (event_source = 'waf.amazonaws.com' and event_name = 'DeleteWebACL')
        or (
            event_source = 'waf-regional.amazonaws.com'
            and event_name = 'DeleteWebACL'
        )
        or (
            event_source = 'shield.amazonaws.com'
            and event_name = 'DeleteProtection'
        )
        or (
            event_source = 'route53resolver.amazonaws.com'
            and event_name in (
                'DeleteResolverQueryLogConfig', 'DisassociateResolverQueryLogConfig'
            )
        )
        or (
            event_source = 'route53.amazonaws.com'
            and event_name = 'DeleteQueryLoggingConfig'
        )
        or (
            event_source = 'bedrock.amazonaws.com'
            and event_name = 'DeleteModelInvocationLoggingConfiguration'
        )
        or (
            event_source = 'wafv2.amazonaws.com'
            and event_name = 'DeleteLoggingConfiguration'
        )
        or (
            event_source = 'rds.amazonaws.com'
            and event_name = 'StopActivityStream'
        )
        or (
            event_source = 'redshift.amazonaws.com'
            and event_name = 'DisableLogging'
        )
        or (
            event_source = 's3.amazonaws.com'
            and event_name = 'PutBucketLogging'
        )

)

select * from calls_on_defenses
