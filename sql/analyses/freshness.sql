-- Question: how old are events when they arrive?
--
-- Method: the time from occurred_at to ingested_at, by day, channel and type: the share of events
-- that arrived within ten seconds, a minute, ten minutes, an hour and a day, the mean and the
-- longest. The mean from Pub/Sub's published_at to ingested_at is the pipeline's part of it. The
-- first row of each event counts.
--
-- Parameters: @from, @to TIMESTAMP: the period in which the events happened, @to exclusive.
--
-- Limits: ingested_at is wall time, so the rows must be of a pipeline with the wall clock (without
-- --clock_origin and --clock_speed). The events of a till whose clock is ahead have a negative age
-- and count as on time. Events of files have no published_at.

WITH ages AS (
  SELECT
    CAST(occurred_at AS DATE) AS day,
    source,
    type,
    (UNIX_MILLIS(ingested_at) - UNIX_MILLIS(occurred_at)) / 1000 AS seconds,
    (UNIX_MILLIS(ingested_at) - UNIX_MILLIS(published_at)) / 1000 AS seconds_from_publishing
  FROM events
  WHERE occurred_at >= @from AND occurred_at < @to
    AND NOT STARTS_WITH(event_id, '!rebuild') -- a fold event holds other events (rebuild.sql)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY store_id, product_id, event_id ORDER BY ingested_at, published_at, message_id) = 1
)
SELECT
  day,
  source,
  type,
  COUNT(*) AS events,
  ROUND(COUNTIF(seconds <= 10) / COUNT(*), 4) AS within_10_seconds,
  ROUND(COUNTIF(seconds <= 60) / COUNT(*), 4) AS within_a_minute,
  ROUND(COUNTIF(seconds <= 600) / COUNT(*), 4) AS within_10_minutes,
  ROUND(COUNTIF(seconds <= 3600) / COUNT(*), 4) AS within_an_hour,
  ROUND(COUNTIF(seconds <= 86400) / COUNT(*), 4) AS within_a_day,
  ROUND(AVG(seconds), 1) AS mean_seconds,
  ROUND(MAX(seconds), 1) AS most_seconds,
  ROUND(AVG(seconds_from_publishing), 1) AS mean_seconds_from_publishing
FROM ages
GROUP BY day, source, type
ORDER BY day, source, type
