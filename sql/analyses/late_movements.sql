-- Question: which sales and receipts arrived after the count that already includes them, and so did
-- not change the stock?
--
-- Method: a sale or receipt from before a count is in that count. If it arrives after the count,
-- the barrier drops it: it changes sales figures, not the stock. The rows are the movements that
-- were ingested after a later count of the same product and store, by store, channel and the day on
-- which they happened, with how late they were.
--
-- Parameters: @from, @to TIMESTAMP: the period in which they happened, @to exclusive.
-- @lookahead_days INT64: how long after the period to look for the counts that dropped them.
--
-- Limits: ingested_at decides which came first. Where a count and a movement arrive within the same
-- seconds, the pipeline may have received them in the other order; the stock is the same. Many rows
-- are a sign of stores that upload late, or of wrong clocks.

WITH unique_events AS (
  SELECT store_id, product_id, type, quantity, occurred_at, ingested_at, source
  FROM events
  WHERE occurred_at >= @from AND occurred_at < TIMESTAMP_ADD(@to, INTERVAL (@lookahead_days) DAY)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY store_id, product_id, event_id ORDER BY ingested_at, published_at, message_id) = 1
),
ordered AS ( -- last_counted_at: the latest count of those ingested before
  SELECT
    *,
    MAX(CASE type WHEN 'RESET' THEN occurred_at ELSE NULL END) OVER (
      PARTITION BY store_id, product_id ORDER BY UNIX_MILLIS(ingested_at) RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS last_counted_at
  FROM unique_events
)
SELECT
  store_id,
  source,
  CAST(occurred_at AS DATE) AS day,
  COUNT(*) AS movements,
  SUM(CASE type WHEN 'SALE' THEN quantity ELSE 0 END) AS units_sold,
  SUM(CASE type WHEN 'RECEIPT' THEN quantity ELSE 0 END) AS units_received,
  ROUND(AVG((UNIX_MILLIS(ingested_at) - UNIX_MILLIS(occurred_at)) / 60000), 1) AS mean_minutes_late,
  ROUND(MAX((UNIX_MILLIS(ingested_at) - UNIX_MILLIS(occurred_at)) / 60000), 1) AS most_minutes_late
FROM ordered
WHERE type IN ('SALE', 'RECEIPT') AND occurred_at < @to AND occurred_at < last_counted_at
GROUP BY store_id, source, day
ORDER BY movements DESC, store_id, source, day
