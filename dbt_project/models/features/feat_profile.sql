with spine as ({{ spine() }}),

coverage as (select * from {{ ref('int_core__coverage') }}),

-- The one version of each customer that was known at the snapshot.
versions as ({{ known_rows(ref('stg_core__customers'), clock='registered_at') }}),

consents as ({{ known_rows(ref('stg_core__consents'), clock='granted_at') }}),

agreed as (
    select
        customer_id,
        snapshot_date,
        count(*) filter (where purpose like 'marketing%') > 0 as has_marketing_consent
    from consents
    where withdrawn_at is null or withdrawn_at >= snapshot_date
    group by customer_id, snapshot_date
)

select
    spine.customer_id,
    spine.snapshot_date,
    spine.lake_batch,
    versions.registered_at,
    {{ days_between('versions.registered_at', 'spine.snapshot_at') }} as tenure_days,
    versions.customer_type,
    versions.country,
    versions.region,
    versions.language,
    versions.acquisition_channel,
    versions.industry,
    versions.company_size,
    {{ whole_years('versions.birth_date', 'spine.snapshot_date') }} as age_years,
    versions.gender,
    versions.marital_status,
    case when coverage.has_consents then coalesce(agreed.has_marketing_consent, false) end as has_marketing_consent
from spine
inner join coverage on spine.snapshot_date = coverage.snapshot_date
left join versions on spine.customer_id = versions.customer_id and spine.snapshot_date = versions.snapshot_date
left join agreed on spine.customer_id = agreed.customer_id and spine.snapshot_date = agreed.snapshot_date
