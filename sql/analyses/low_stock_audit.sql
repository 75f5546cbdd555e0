-- Question: was each change of LOW_STOCK right?
--
-- Method: a stock signal and the change of its badge are made at one moment. So each change must
-- have a stock signal of the same key and time, with the same on-hand and the badge of the change.
-- The badge goes on at or below enter, and off above exit.
--
--   PROVEN     there is such a signal
--   EVIDENCE   there is none
--   THRESHOLD  the on-hand is above enter (on), or not above exit (off)
--
-- EVIDENCE and THRESHOLD are false badges.
--
-- Parameters: @from, @to TIMESTAMP: the period, @to exclusive.
--
-- Limits: the on-hand is taken from the signal. How it came about is in the events and in
-- count_corrections.sql.

WITH changes AS (
  SELECT DISTINCT scope, store_id, product_id, is_on, changed_at, on_hand, `enter`, `exit`
  FROM badge_changes
  WHERE changed_at >= @from AND changed_at < @to AND badge = 'LOW_STOCK'
),
signals AS (
  SELECT DISTINCT scope, store_id, product_id, on_hand, as_of, badge IS NOT NULL AS is_on
  FROM stock_changes
  WHERE as_of >= @from AND as_of < @to AND known
)
SELECT
  CASE
    WHEN c.is_on AND c.on_hand > c.`enter` THEN 'THRESHOLD'
    WHEN NOT c.is_on AND c.on_hand <= c.`exit` THEN 'THRESHOLD'
    WHEN s.as_of IS NULL THEN 'EVIDENCE'
    ELSE 'PROVEN'
  END AS verdict,
  c.scope,
  c.store_id,
  c.product_id,
  c.changed_at,
  c.is_on,
  c.on_hand,
  c.`enter`,
  c.`exit`
FROM changes AS c
LEFT JOIN signals AS s
  ON s.product_id = c.product_id AND s.as_of = c.changed_at AND s.scope = c.scope
  AND (c.scope = 'global' OR s.store_id = c.store_id) AND s.on_hand = c.on_hand AND s.is_on = c.is_on
ORDER BY verdict, changed_at, product_id, store_id
