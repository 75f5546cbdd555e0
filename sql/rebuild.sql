-- The events that bring a pipeline with empty state to the state of the pipeline that wrote the
-- archive. Each row is a unified event (docs/FORMATS.md). The rows, as JSON lines, are files for
-- --events_files. Their order has no effect.
--
-- Method: the fold point is @at - @horizon_hours + 24 hours, one day inside the ledger horizon. The
-- rows of each store and product are
--   - one event at the fold point that holds all that came before it: a RESET with the on-hand of
--     that time or, where no count was ever made, a RECEIPT. A RESET cannot be negative, so an
--     on-hand below 0 is a RESET of 0 and a RECEIPT of the rest. A count at or after the fold point
--     replaces all that came before it, so its key has no such event.
--   - each SALE, RECEIPT and RESET since the fold point, under its own id.
--   - each VIEW and CART_ADD of the last 24 hours, for velocity.
-- An event counts once, and one that the pipeline refused does not count. The table events holds
-- all that was decoded, so an event was accepted if it has more rows than dead letters of the
-- stages stock and velocity. A letter belongs to the event with its message id and item. The letter
-- of a line of a file belongs to the event with the time in its detail and the ids in its text. An
-- id that comes again with a time more than the horizon later is another event, as in the pipeline.
--
-- The id of a fold event begins with '!'. Nearly every other id sorts after it, so a real RESET of
-- the same time replaces the fold event. The RECEIPT of an earlier rebuild holds all that came
-- before it, as a RESET does.
--
-- Parameters: @at TIMESTAMP: the current time of the pipeline's clock. The new pipeline must have
-- read all rows within a day of it. @horizon_hours INT64: --ledger_horizon of the new pipeline, 48
-- or more.
--
-- Limits: the table must hold all events since the last count of each key. An event from before the
-- fold point that arrives again, or late, at the new pipeline is dropped by the barrier there. A
-- key that was never counted has no barrier, so it counts such an event of the day before the fold
-- point again. A late count of the very time of the fold point does not replace the RECEIPT of an
-- on-hand below 0. An event whose row BigQuery refused is missing: replay the dead letters of the
-- stage warehouse. Of two lines of files with one id and different contents, written in the same
-- millisecond, either may count. A fold event of more than 1,000,000,000 units is refused as
-- BAD_FIELD, and an event whose id has more than 256 bytes with the ":return" and "#k" behind it as
-- BAD_ID. The query reads all of events and dead_letters.

WITH occurrences AS ( -- times: how often an event was written or sent
  SELECT
    store_id,
    product_id,
    event_id,
    type,
    quantity,
    occurred_at,
    COUNT(*) AS times,
    MIN(ingested_at) AS first_ingested_at
  FROM events
  GROUP BY store_id, product_id, event_id, type, quantity, occurred_at
),
refused_messages AS ( -- refusals: how often an item of a message was refused
  SELECT message_id, COALESCE(item, -1) AS item, COUNT(*) AS refusals
  FROM dead_letters
  WHERE stage IN ('stock', 'velocity') AND message_id IS NOT NULL
  GROUP BY message_id, item
),
refused_lines AS ( -- a detail begins "occurred_at TIME of" or "counted_at TIME of"
  SELECT text, SUBSTR(detail, STRPOS(detail, ' ') + 1, 24) AS refused_time, COUNT(*) AS refusals
  FROM dead_letters
  WHERE stage = 'stock' AND message_id IS NULL AND reason IN ('TOO_LATE', 'RESET_TOO_OLD')
  GROUP BY text, refused_time
),
refused AS (
  SELECT store_id, product_id, event_id, type, quantity, occurred_at, SUM(refusals) AS refusals
  FROM (
    SELECT DISTINCT
      e.store_id, e.product_id, e.event_id, e.type, e.quantity, e.occurred_at,
      m.message_id AS letter, m.item, m.refusals
    FROM events AS e
    JOIN refused_messages AS m ON m.message_id = e.message_id AND m.item = COALESCE(e.item, -1)
    UNION ALL
    SELECT DISTINCT
      e.store_id, e.product_id, e.event_id, e.type, e.quantity, e.occurred_at,
      l.text AS letter, 0 AS item, l.refusals
    FROM events AS e
    JOIN refused_lines AS l
      ON l.refused_time = FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E3SZ', e.occurred_at)
      AND STRPOS(l.text, e.store_id) > 0 AND STRPOS(l.text, e.product_id) > 0 AND STRPOS(l.text, e.event_id) > 0
    WHERE e.message_id IS NULL AND e.type IN ('SALE', 'RECEIPT', 'RESET')
  ) AS matches
  GROUP BY store_id, product_id, event_id, type, quantity, occurred_at
),
accepted AS (
  SELECT
    o.store_id,
    o.product_id,
    o.event_id,
    o.type,
    o.quantity,
    o.occurred_at,
    o.type = 'RECEIPT' AND o.event_id = '!rebuild' AS folded, -- the RECEIPT of an earlier rebuild
    CASE o.type WHEN 'RECEIPT' THEN o.quantity WHEN 'SALE' THEN -o.quantity ELSE 0 END AS delta
  FROM occurrences AS o
  LEFT JOIN refused AS r
    ON r.store_id = o.store_id AND r.product_id = o.product_id AND r.event_id = o.event_id
    AND r.type = o.type AND r.quantity = o.quantity AND r.occurred_at = o.occurred_at
  WHERE o.times > COALESCE(r.refusals, 0)
  QUALIFY COALESCE(
    o.occurred_at > TIMESTAMP_ADD(
      MAX(o.occurred_at) OVER (
        PARTITION BY o.store_id, o.product_id, o.event_id
        ORDER BY o.first_ingested_at, o.occurred_at, o.type, o.quantity
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ),
      INTERVAL (@horizon_hours) HOUR
    ),
    TRUE
  )
),
held AS ( -- the count that holds in each key, else the RECEIPT of the last rebuild
  SELECT store_id, product_id, type, quantity, occurred_at
  FROM accepted
  WHERE type = 'RESET' OR folded
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY store_id, product_id
    ORDER BY CASE type WHEN 'RESET' THEN 0 ELSE 1 END, occurred_at DESC, event_id DESC
  ) = 1
),
stamped AS ( -- each event, with the fold point and what holds in its key
  SELECT
    a.store_id,
    a.product_id,
    a.event_id,
    a.type,
    a.quantity,
    a.occurred_at,
    a.folded,
    a.delta,
    h.type AS held_type,
    h.quantity AS held_quantity,
    h.occurred_at AS held_at,
    CASE
      WHEN h.type = 'RECEIPT' AND h.occurred_at > p.fold_at THEN h.occurred_at
      ELSE p.fold_at
    END AS fold_at
  FROM accepted AS a
  CROSS JOIN (SELECT TIMESTAMP_MILLIS(UNIX_MILLIS(@at) - (@horizon_hours - 24) * 3600000) AS fold_at) AS p
  LEFT JOIN held AS h ON h.store_id = a.store_id AND h.product_id = a.product_id
),
folds AS (
  SELECT
    store_id,
    product_id,
    held_type = 'RESET' AS counted,
    fold_at,
    COALESCE(held_quantity, 0)
      + SUM(CASE WHEN folded OR occurred_at < held_at THEN 0 ELSE delta END) AS on_hand
  FROM stamped
  WHERE type IN ('SALE', 'RECEIPT', 'RESET') AND (occurred_at < fold_at OR folded)
    AND COALESCE(held_type = 'RECEIPT' OR held_at < fold_at, TRUE)
  GROUP BY store_id, product_id, held_type, held_quantity, fold_at
),
rebuilt AS (
  SELECT
    CONCAT('!rebuild ', FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E3SZ', fold_at)) AS event_id,
    'RESET' AS type,
    store_id,
    product_id,
    GREATEST(on_hand, 0) AS quantity,
    fold_at AS occurred_at
  FROM folds
  WHERE counted
  UNION ALL
  SELECT
    CONCAT('!rebuild ', FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E3SZ', fold_at), ' below 0') AS event_id,
    'RECEIPT' AS type,
    store_id,
    product_id,
    on_hand AS quantity,
    fold_at AS occurred_at
  FROM folds
  WHERE counted AND on_hand < 0
  UNION ALL
  SELECT '!rebuild' AS event_id, 'RECEIPT' AS type, store_id, product_id, on_hand AS quantity, fold_at AS occurred_at
  FROM folds
  WHERE counted IS NULL OR NOT counted
  UNION ALL
  SELECT event_id, type, store_id, product_id, quantity, occurred_at
  FROM stamped
  WHERE type IN ('SALE', 'RECEIPT', 'RESET') AND occurred_at >= fold_at AND NOT folded
  UNION ALL
  SELECT event_id, type, store_id, product_id, quantity, occurred_at
  FROM stamped
  WHERE type IN ('VIEW', 'CART_ADD') AND occurred_at >= TIMESTAMP_SUB(@at, INTERVAL 24 HOUR)
)
SELECT
  event_id,
  type,
  store_id,
  product_id,
  quantity,
  FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E3SZ', occurred_at) AS occurred_at
FROM rebuilt
