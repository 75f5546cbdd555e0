-- Question: was each change of HIGH_DEMAND right? Each change of the period with its evidence,
-- counted again from the events.
--
-- Method: score = @weight_views x views + @weight_cart_adds x cart adds + @weight_units x units of
-- the last hour. That hour is 61 minutes, aligned to the minute: the minute of changed_at and the
-- 60 before it. changed_at is time of the pipeline's clock, and each row has that clock
-- (clock_origin, clock_started, clock_speed), from which the wall time of the change follows. The
-- query counts the events whose ingested_at, which is wall time, is not later. An event of the last
-- @in_flight_seconds before the change may not have been counted by then. Such events make the
-- difference between the least and the most that the evidence can be. Without them the two are
-- equal.
--
--   PROVEN     the evidence is exactly what the events give
--   IN_FLIGHT  the evidence is between the least and the most
--   EVIDENCE   views, cart adds or units are outside that range
--   SCORE      the score is not the weighted sum of the evidence
--   THRESHOLD  the score is below enter (on), or not below exit (off), or exit is not half of
--              enter, rounded up
--   NO_CLOCK   not judged: the row has no clock (clock_speed is NULL)
--
-- EVIDENCE, SCORE and THRESHOLD are false badges. They come first, then NO_CLOCK.
--
-- Parameters: @from, @to TIMESTAMP: the period by the pipeline's clock, @to exclusive.
-- @weight_views, @weight_cart_adds, @weight_units INT64: the options of the pipeline (1, 5, 10).
-- @in_flight_seconds INT64: the longest wall time from ingested_at to the badge: 5, or more where
-- Redis or BigQuery was away.
--
-- Limits: a pipeline that starts from empty state (--restore=none, or another Redis) does not have
-- the events of earlier runs, which are counted here; give it a warehouse of its own. An event
-- whose id was forgotten (a view or cart add after 24 hours) may have counted twice in the
-- pipeline, and counts once here. A change that was due and did not happen is not found. Rows that
-- were written before the clock columns existed have none; docs/WAREHOUSE.md has the statement that
-- sets them for a pipeline with the wall clock.

WITH changes AS (
  SELECT DISTINCT
    scope,
    store_id,
    product_id,
    is_on,
    changed_at,
    score,
    views,
    cart_adds,
    units,
    `enter`,
    `exit`,
    -- The last millisecond of wall time, since 1970, at which the clock showed changed_at. With the
    -- wall clock, clock_origin and clock_started are NULL.
    COALESCE(UNIX_MILLIS(clock_started), 0)
    + CAST(CEIL((UNIX_MILLIS(changed_at) + 1 - COALESCE(UNIX_MILLIS(clock_origin), 0)) / clock_speed) AS INT64) - 1 AS wall_ms
  FROM badge_changes
  WHERE changed_at >= @from AND changed_at < @to AND badge = 'HIGH_DEMAND'
),
unique_events AS (
  SELECT store_id, product_id, type, quantity, occurred_at, ingested_at
  FROM events
  WHERE occurred_at >= TIMESTAMP_SUB(@from, INTERVAL (61) MINUTE) AND occurred_at < TIMESTAMP_ADD(@to, INTERVAL (5) MINUTE)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY store_id, product_id, event_id ORDER BY ingested_at, published_at, message_id) = 1
),
counted AS (
  SELECT
    c.scope,
    c.store_id,
    c.product_id,
    c.changed_at,
    c.wall_ms,
    c.is_on,
    c.score,
    c.`enter`,
    c.`exit`,
    c.views,
    c.cart_adds,
    c.units,
    SUM(CASE WHEN e.type = 'VIEW' AND e.settled THEN e.quantity ELSE 0 END) AS views_least,
    SUM(CASE WHEN e.type = 'VIEW' THEN e.quantity ELSE 0 END) AS views_most,
    SUM(CASE WHEN e.type = 'CART_ADD' AND e.settled THEN e.quantity ELSE 0 END) AS cart_adds_least,
    SUM(CASE WHEN e.type = 'CART_ADD' THEN e.quantity ELSE 0 END) AS cart_adds_most,
    SUM(CASE WHEN e.type = 'SALE' AND (e.settled OR e.quantity < 0) THEN e.quantity ELSE 0 END) AS units_least,
    SUM(CASE WHEN e.type = 'SALE' AND (e.settled OR e.quantity > 0) THEN e.quantity ELSE 0 END) AS units_most
  FROM changes AS c
  LEFT JOIN (
    SELECT
      k.scope,
      k.store_id,
      k.product_id,
      k.changed_at,
      k.wall_ms,
      e.type,
      e.quantity,
      UNIX_MILLIS(e.ingested_at) <= k.wall_ms - 1000 * @in_flight_seconds AS settled
    FROM (SELECT DISTINCT scope, store_id, product_id, changed_at, wall_ms FROM changes) AS k
    JOIN unique_events AS e
      ON e.product_id = k.product_id AND (k.scope = 'global' OR e.store_id = k.store_id)
      AND UNIX_MILLIS(e.ingested_at) <= k.wall_ms
      AND UNIX_MILLIS(e.occurred_at) >= (DIV(UNIX_MILLIS(k.changed_at), 60000) - 60) * 60000
  ) AS e
    ON e.scope = c.scope AND e.product_id = c.product_id AND e.changed_at = c.changed_at AND e.wall_ms = c.wall_ms
    AND (c.scope = 'global' OR e.store_id = c.store_id)
  GROUP BY
    c.scope, c.store_id, c.product_id, c.changed_at, c.wall_ms, c.is_on, c.score, c.`enter`, c.`exit`, c.views, c.cart_adds, c.units
),
judged AS (
  SELECT
    *,
    CASE
      WHEN wall_ms IS NULL THEN 'NO_CLOCK'
      WHEN score <> @weight_views * views + @weight_cart_adds * cart_adds + @weight_units * units THEN 'SCORE'
      WHEN is_on AND score < `enter` THEN 'THRESHOLD'
      WHEN NOT is_on AND score >= `exit` THEN 'THRESHOLD'
      WHEN `exit` <> DIV(`enter` + 1, 2) THEN 'THRESHOLD'
      WHEN views < views_least OR views > views_most THEN 'EVIDENCE'
      WHEN cart_adds < cart_adds_least OR cart_adds > cart_adds_most THEN 'EVIDENCE'
      WHEN units < units_least OR units > units_most THEN 'EVIDENCE'
      WHEN views_least = views_most AND cart_adds_least = cart_adds_most AND units_least = units_most THEN 'PROVEN'
      ELSE 'IN_FLIGHT'
    END AS verdict
  FROM counted
)
SELECT
  verdict,
  scope,
  store_id,
  product_id,
  changed_at,
  is_on,
  score,
  `enter`,
  `exit`,
  views,
  views_least,
  views_most,
  cart_adds,
  cart_adds_least,
  cart_adds_most,
  units,
  units_least,
  units_most
FROM judged
ORDER BY CASE verdict WHEN 'PROVEN' THEN 3 WHEN 'IN_FLIGHT' THEN 2 WHEN 'NO_CLOCK' THEN 1 ELSE 0 END, changed_at, product_id, store_id
