-- The calls that start something which computes, and so costs, that went through.
select * from {{ ref('watched_calls') }}
where
    outcome = 'succeeded'
    and (
        (
            event_source = 'ec2.amazonaws.com'
            and event_name in (
                'RunInstances', 'RequestSpotInstances', 'RequestSpotFleet', 'CreateFleet'
            )
        )
        or (
            event_source = 'ecs.amazonaws.com'
            and event_name in ('CreateCluster', 'RunTask', 'CreateService')
        )
        or (
            event_source = 'batch.amazonaws.com'
            and event_name in ('SubmitJob', 'CreateComputeEnvironment')
        )
        or (
            event_source = 'sagemaker.amazonaws.com'
            and event_name in (
                'CreateNotebookInstance', 'CreateTrainingJob', 'CreateProcessingJob',
                'CreateEndpoint'
            )
        )
        or (event_source = 'lightsail.amazonaws.com' and event_name = 'CreateInstances')
        or (event_source = 'elasticmapreduce.amazonaws.com' and event_name = 'RunJobFlow')
        or (event_source = 'apprunner.amazonaws.com' and event_name = 'CreateService')
        or (
            event_source = 'glue.amazonaws.com'
            and event_name in ('CreateDevEndpoint', 'CreateSession')
        )
        or (event_source = 'codebuild.amazonaws.com' and event_name = 'CreateProject')
        or (event_source = 'autoscaling.amazonaws.com' and event_name = 'CreateAutoScalingGroup')
        or (event_source = 'gamelift.amazonaws.com' and event_name = 'CreateFleet')
    )
