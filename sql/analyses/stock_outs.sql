-- Question: what was out of stock, when, and for how long?
--
-- Method: a stock signal of a product in a store holds until the next one. A stock-out is a time
-- without a break in which the published on-hand is 0 or less. Products that were never counted are
-- left out. A stock-out that began before the period or ended after it is listed whole, as far as
-- it is known; minutes_out counts the period only.
--
-- Parameters: @from, @to TIMESTAMP: the period, @to exclusive. @lookback_days INT64: how far before
-- @from to look for the stock with which the period began.
--
-- Limits: the times are those of the signals, not those at which the shelf was empty: a sale that
-- is uploaded hours late begins a stock-out when it arrives. A row with still_out counts up to @to,
-- so @to should not be in the future. Stock that did not change for longer than @lookback_days is
-- not seen. lowest_on_hand below 0 is what was sold beyond the stock.

WITH known_stock AS ( -- a republished signal has its old version and counts from its first row
  SELECT store_id, product_id, on_hand, version, as_of
  FROM stock_changes
  WHERE as_of >= TIMESTAMP_SUB(@from, INTERVAL (@lookback_days) DAY) AND as_of < @to AND scope = 'store' AND known
  QUALIFY ROW_NUMBER() OVER (PARTITION BY store_id, product_id, version ORDER BY as_of) = 1
),
spans AS ( -- refills: the rows in stock so far, the same number for all rows of a stock-out
  SELECT
    store_id,
    product_id,
    on_hand,
    as_of AS since,
    LEAD(as_of) OVER (PARTITION BY store_id, product_id ORDER BY version) AS until,
    SUM(CASE WHEN on_hand > 0 THEN 1 ELSE 0 END) OVER (PARTITION BY store_id, product_id ORDER BY version) AS refills
  FROM known_stock
),
stock_outs AS (
  SELECT
    store_id,
    product_id,
    MIN(since) AS out_since,
    MAX(COALESCE(until, @to)) AS out_until,
    COUNTIF(until IS NULL) > 0 AS still_out,
    MIN(on_hand) AS lowest_on_hand
  FROM spans
  WHERE on_hand <= 0
  GROUP BY store_id, product_id, refills
  HAVING MAX(COALESCE(until, @to)) > MIN(since) AND MAX(COALESCE(until, @to)) > @from
)
SELECT
  store_id,
  product_id,
  out_since,
  out_until,
  still_out,
  ROUND((UNIX_MILLIS(out_until) - UNIX_MILLIS(GREATEST(out_since, @from))) / 60000, 1) AS minutes_out,
  lowest_on_hand
FROM stock_outs
ORDER BY minutes_out DESC, store_id, product_id, out_since
