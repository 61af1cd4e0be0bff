-- One source address a row: its country, whether it is AWS's own or private, and its network.
with

distinct_addresses as (

    select distinct source_address as address from {{ ref('source_ips') }}

),

countries as (

    {{ trailhound.range_codes('distinct_addresses', ref('country_ranges')) }}

),

aws_addresses as (

    {{ trailhound.range_codes('distinct_addresses', ref('aws_ranges')) }}

),

-- The ranges of networks, which the analyst may give, do not overlap: the one that begins last
-- before an address is the only one that can hold it. To compare each address with each range would
-- take too long where there are hundreds of thousands.
addresses_among_starts as (

    select
        address,
        max(range_start) over (order by address) as range_start,
        is_asked

    from (
        select
            address,
            cast(null as varchar) as range_start,
            true as is_asked
        from distinct_addresses
        union all
        select
            first_address as address,
            first_address as range_start,
            false as is_asked
        from {{ ref('networks') }}
    ) as address_or_start

),

named_networks as (

    select
        asked.address,
        networks.network

    from addresses_among_starts as asked
    inner join {{ ref('networks') }} as networks
        on asked.range_start = networks.first_address and asked.address <= networks.last_address
    where asked.is_asked

),

described_addresses as (

    select
        addresses.source_ip,
        addresses.source_address,
        countries.code as country,
        aws_addresses.code is not null as is_aws_address,
        {{ trailhound.is_private_address('addresses.source_address') }} as is_private,
        named_networks.network

    from {{ ref('source_ips') }} as addresses
    left join countries on addresses.source_address = countries.address
    left join aws_addresses on addresses.source_address = aws_addresses.address
    left join named_networks on addresses.source_address = named_networks.address

)

select
    source_ip,
    source_address,
    country,
    is_aws_address,
    is_private,
    case
        when is_private then null
        when is_aws_address then 'aws'
        when network is not null then network
        when source_address like '00000000000000000000ffff%'
            then concat(
                {{ trailhound.decimal_of_hex("substr(source_address, 25, 2)") }},
                '.',
                {{ trailhound.decimal_of_hex("substr(source_address, 27, 2)") }}
            )
        else concat(substr(source_address, 1, 4), ':', substr(source_address, 5, 4))
    end as source_network

from described_addresses
