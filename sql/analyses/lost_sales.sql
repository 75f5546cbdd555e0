-- Question: what did each stock-out cost?
--
-- Method: rate_per_hour is what the store sold of the product in the @rate_hours before the
-- stock-out, returns subtracted, divided by @rate_hours. expected_units is that rate for the
-- duration of the stock-out within the period. lost_units is expected_units minus the units that
-- were sold nevertheless, at least 0. lost_revenue uses the mean price of the sales before. views
-- and cart_adds are the interest during the stock-out; of a shop, those of web shop orders that it
-- fulfils.
--
-- Parameters: @from, @to TIMESTAMP: the period, @to exclusive. @rate_hours INT64: the hours before
-- a stock-out in which its rate is measured. @lookback_days INT64: how far before @from to look for
-- stock and sales; at least a day more than @rate_hours.
--
-- Limits: this is an estimate. It takes the hours before for the hours of the stock-out. A
-- stock-out over night is estimated too high by a rate of the day, unless @rate_hours is a multiple
-- of 24, and one of a trending product too low. Hours before in which the product was out of stock
-- too lower the rate. A row with still_out counts up to @to, so @to should not be in the future.
-- Customers who bought another product, or came back, are not lost.

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
),
unique_events AS (
  SELECT store_id, product_id, type, quantity, price, occurred_at
  FROM events
  WHERE occurred_at >= TIMESTAMP_SUB(@from, INTERVAL (@lookback_days) DAY) AND occurred_at < @to
  QUALIFY ROW_NUMBER() OVER (PARTITION BY store_id, product_id, event_id ORDER BY ingested_at, published_at, message_id) = 1
),
measured AS (
  SELECT
    o.store_id,
    o.product_id,
    o.out_since,
    o.out_until,
    o.still_out,
    (UNIX_MILLIS(o.out_until) - UNIX_MILLIS(GREATEST(o.out_since, @from))) / 3600000 AS hours_out,
    SUM(CASE WHEN e.type = 'SALE' AND e.occurred_at < o.out_since THEN e.quantity ELSE 0 END) AS units_before,
    SUM(CASE WHEN e.type = 'SALE' AND e.occurred_at >= GREATEST(o.out_since, @from) THEN e.quantity ELSE 0 END) AS units_while_out,
    SUM(CASE WHEN e.type = 'VIEW' AND e.occurred_at >= GREATEST(o.out_since, @from) THEN e.quantity ELSE 0 END) AS views,
    SUM(CASE WHEN e.type = 'CART_ADD' AND e.occurred_at >= GREATEST(o.out_since, @from) THEN e.quantity ELSE 0 END) AS cart_adds,
    AVG(CASE WHEN e.type = 'SALE' AND e.occurred_at < o.out_since THEN e.price ELSE NULL END) AS mean_price
  FROM stock_outs AS o
  LEFT JOIN unique_events AS e
    ON e.store_id = o.store_id AND e.product_id = o.product_id
    AND e.occurred_at >= TIMESTAMP_SUB(o.out_since, INTERVAL (@rate_hours) HOUR) AND e.occurred_at < o.out_until
  GROUP BY o.store_id, o.product_id, o.out_since, o.out_until, o.still_out
),
estimated AS (
  SELECT
    *,
    GREATEST(units_before, 0) / @rate_hours * hours_out AS expected,
    GREATEST(GREATEST(units_before, 0) / @rate_hours * hours_out - units_while_out, 0) AS lost
  FROM measured
)
SELECT
  store_id,
  product_id,
  out_since,
  out_until,
  still_out,
  ROUND(hours_out, 2) AS hours_out,
  ROUND(units_before / @rate_hours, 3) AS rate_per_hour,
  ROUND(expected, 1) AS expected_units,
  units_while_out,
  ROUND(lost, 1) AS lost_units,
  ROUND(lost * mean_price, 2) AS lost_revenue,
  views,
  cart_adds
FROM estimated
ORDER BY lost DESC, store_id, product_id, out_since
