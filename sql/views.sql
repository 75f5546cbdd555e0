-- Views over the tables of the warehouse. BigQuery requires the tables of a view to be qualified,
-- so DATASET stands for the dataset:
--
--   sed 's/DATASET\./retail./g' sql/views.sql | bq query --project_id=PROJECT --use_legacy_sql=false
--
-- Rows are written at least once: after a failure some are written again. The views named *_unique
-- hold each row once, by the identity in docs/WAREHOUSE.md. Each of them reads its whole table,
-- because BigQuery decides which row is the first before it applies a filter. The files in
-- sql/analyses filter the tables by day first, and then take each row once.

-- Each event once: its first row. A later row of the same identity is a repetition, or was refused
-- as ID_REUSED.
CREATE OR REPLACE VIEW DATASET.events_unique AS
SELECT *
FROM DATASET.events
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY store_id, product_id, event_id ORDER BY ingested_at, published_at, message_id) = 1;

-- Each stock signal once.
CREATE OR REPLACE VIEW DATASET.stock_changes_unique AS
SELECT *
FROM DATASET.stock_changes
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY scope, store_id, product_id, version ORDER BY as_of) = 1;

-- Each velocity signal once.
CREATE OR REPLACE VIEW DATASET.velocity_signals_unique AS
SELECT *
FROM DATASET.velocity_signals
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY scope, store_id, product_id, as_of ORDER BY evaluated_at) = 1;

-- Each change of a badge once.
CREATE OR REPLACE VIEW DATASET.badge_changes_unique AS
SELECT *
FROM DATASET.badge_changes
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY badge, scope, store_id, product_id, changed_at ORDER BY is_on) = 1;

-- Each dead letter once. A dead letter has no id, so all its columns identify it.
CREATE OR REPLACE VIEW DATASET.dead_letters_unique AS
SELECT *
FROM DATASET.dead_letters
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY source, message_id, item, stage, reason, detail, raw, failed_at ORDER BY published_at
) = 1;

-- The current stock of each store and over all stores, as in Redis: the row with the greatest
-- version.
CREATE OR REPLACE VIEW DATASET.current_stock AS
SELECT scope, store_id, product_id, on_hand, known, badge, barrier, as_of, version
FROM DATASET.stock_changes
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY scope, store_id, product_id ORDER BY version DESC) = 1;

-- The current velocity, as in Redis: the newest signal of each key, without the keys that are gone.
CREATE OR REPLACE VIEW DATASET.current_velocity AS
SELECT scope, store_id, product_id, units_1h, units_24h, views_1h, cart_adds_1h, views_24h, cart_adds_24h, rate_per_hour, badge, message, evaluated_at
FROM (
  SELECT *
  FROM DATASET.velocity_signals
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY scope, store_id, product_id ORDER BY as_of DESC) = 1
)
WHERE gone IS NULL;
