-- Question: what part of its stock did each store sell, by product?
--
-- Method: units_sold are the sales of the period minus returned units. available is the on-hand at
-- the beginning of the period plus the units received in it, corrections included. sell_through is
-- units_sold / available. The on-hand at the beginning is the latest known one before @from or,
-- where the first count came later, the first known one of the period.
--
-- Parameters: @from, @to TIMESTAMP: the period, @to exclusive. @lookback_days INT64: how far before
-- @from to look for the on-hand. A product whose stock did not change for longer has no
-- opening_on_hand and no sell_through.
--
-- Limits: sales count by the time at which they happened, stock by the time at which it was
-- published. Units that a count found or missed are neither sold nor received
-- (count_corrections.sql). An id that was used again for an event of another period counts here
-- once more, although the pipeline refused it (ID_REUSED).

WITH period_events AS (
  SELECT store_id, product_id, type, quantity, price
  FROM events
  WHERE occurred_at >= @from AND occurred_at < @to
    AND NOT STARTS_WITH(event_id, '!rebuild') -- a fold event holds other events (rebuild.sql)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY store_id, product_id, event_id ORDER BY ingested_at, published_at, message_id) = 1
),
movements AS (
  SELECT
    store_id,
    product_id,
    SUM(CASE WHEN type = 'SALE' AND quantity > 0 THEN quantity ELSE 0 END) AS units_out,
    SUM(CASE WHEN type = 'SALE' AND quantity < 0 THEN -quantity ELSE 0 END) AS units_returned,
    SUM(CASE WHEN type = 'RECEIPT' THEN quantity ELSE 0 END) AS units_received,
    SUM(CASE WHEN type = 'SALE' THEN quantity * price ELSE NULL END) AS revenue
  FROM period_events
  WHERE type IN ('SALE', 'RECEIPT')
  GROUP BY store_id, product_id
),
known_stock AS (
  SELECT store_id, product_id, on_hand, version, as_of
  FROM stock_changes
  WHERE as_of >= TIMESTAMP_SUB(@from, INTERVAL (@lookback_days) DAY) AND as_of < @to AND scope = 'store' AND known
),
opening AS (
  SELECT store_id, product_id, on_hand
  FROM known_stock
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY store_id, product_id
    ORDER BY
      CASE WHEN as_of < @from THEN 0 ELSE 1 END,
      CASE WHEN as_of < @from THEN -version ELSE version END
  ) = 1
)
SELECT
  m.store_id,
  m.product_id,
  m.units_out - m.units_returned AS units_sold,
  m.units_returned,
  m.units_received,
  o.on_hand AS opening_on_hand,
  o.on_hand + m.units_received AS available,
  ROUND(SAFE_DIVIDE(m.units_out - m.units_returned, o.on_hand + m.units_received), 4) AS sell_through,
  m.revenue
FROM movements AS m
LEFT JOIN opening AS o ON o.store_id = m.store_id AND o.product_id = m.product_id
ORDER BY units_sold DESC, store_id, product_id
