-- Question: how wrong was the book stock when it was counted? What shrank, and what was found?
--
-- Method: a count (RESET) is the number of units on the shelf. expected is the book stock at that
-- moment: the count before it, plus receipts and minus sales since. At equal times a movement is
-- after the count. correction = counted - expected: below 0 is shrinkage (phantom stock that could
-- not be sold), above 0 was found. The first count of a product is left out, because there is no
-- earlier count to compare it with.
--
-- Parameters: @from, @to TIMESTAMP: the period of the counts, @to exclusive. @lookback_days INT64:
-- how far before @from to look for an earlier count; an older one is ignored.
--
-- Limits: the result follows business time with the events of today: receipts and sales that were
-- uploaded after the count are in expected. A count that the pipeline refused (RESET_TOO_OLD) is
-- among the events, and appears here.

WITH unique_events AS (
  SELECT store_id, product_id, event_id, type, quantity, occurred_at
  FROM events
  WHERE occurred_at >= TIMESTAMP_SUB(@from, INTERVAL (@lookback_days) DAY) AND occurred_at < @to
    AND NOT STARTS_WITH(event_id, '!rebuild') -- a fold event holds other events (rebuild.sql)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY store_id, product_id, event_id ORDER BY ingested_at, published_at, message_id) = 1
),
running AS ( -- moved: the sum of all movements up to the row
  SELECT
    store_id,
    product_id,
    event_id,
    type,
    quantity,
    occurred_at,
    SUM(CASE type WHEN 'RECEIPT' THEN quantity WHEN 'SALE' THEN -quantity ELSE 0 END) OVER (
      PARTITION BY store_id, product_id
      ORDER BY occurred_at, CASE type WHEN 'RESET' THEN 0 ELSE 1 END, event_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS moved
  FROM unique_events
  WHERE type IN ('RESET', 'RECEIPT', 'SALE')
),
counts AS (
  SELECT
    store_id,
    product_id,
    event_id AS count_id,
    occurred_at AS counted_at,
    quantity AS counted,
    LAG(occurred_at) OVER (PARTITION BY store_id, product_id ORDER BY occurred_at, event_id) AS counted_before_at,
    LAG(quantity) OVER (PARTITION BY store_id, product_id ORDER BY occurred_at, event_id)
      + moved - LAG(moved) OVER (PARTITION BY store_id, product_id ORDER BY occurred_at, event_id) AS expected
  FROM running
  WHERE type = 'RESET'
)
SELECT
  store_id,
  product_id,
  counted_at,
  count_id,
  counted_before_at,
  expected,
  counted,
  counted - expected AS correction
FROM counts
WHERE counted_at >= @from AND expected IS NOT NULL
ORDER BY correction, store_id, product_id, counted_at, count_id
