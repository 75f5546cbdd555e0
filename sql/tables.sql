-- The tables of the warehouse. Generated from sinks/rows/schema:
--
--   go test ./sinks/rows -run Schema -update
--
-- Create them, or add those that are missing:
--
--   bq query --project_id=PROJECT --dataset_id=retail --use_legacy_sql=false < sql/tables.sql
--
-- Rows are kept for ever. To drop old partitions:
--
--   ALTER TABLE retail.velocity_signals SET OPTIONS (partition_expiration_days = 90);

CREATE TABLE IF NOT EXISTS `events` (
  `event_id` STRING NOT NULL OPTIONS (description = "Id of the event, unique per store and product; items of one message end in #0, #1 and so on."),
  `type` STRING NOT NULL OPTIONS (description = "`SALE`, `RECEIPT`, `RESET` (a physical count), `VIEW` or `CART_ADD`."),
  `store_id` STRING NOT NULL OPTIONS (description = "Store; of web shop events the fulfilling store, else the online store."),
  `product_id` STRING NOT NULL OPTIONS (description = "Product (SKU)."),
  `quantity` INT64 NOT NULL OPTIONS (description = "Units: sold (negative is a return), received (negative is a correction), counted, looked at or put into carts."),
  `occurred_at` TIMESTAMP NOT NULL OPTIONS (description = "Business time: when it happened in the store, to the millisecond. Partitions are its days."),
  `source` STRING NOT NULL OPTIONS (description = "`POS`, `ECOM` or `WMS` by format, or `FILE` for unified events of a file."),
  `order_number` STRING OPTIONS (description = "Order or transaction number of tills and the web shop."),
  `line` STRING OPTIONS (description = "Line of the till transaction."),
  `price` NUMERIC OPTIONS (description = "Price as sent, rounded to nine digits behind the point."),
  `user_id` STRING OPTIONS (description = "Customer, as the channel names them."),
  `client_id` STRING OPTIONS (description = "Browser or app of the web shop's visitor."),
  `department_id` STRING OPTIONS (description = "Department of the till transaction."),
  `item` INT64 OPTIONS (description = "Index within the items of the message, from 0; NULL when it had none."),
  `message_id` STRING OPTIONS (description = "Pub/Sub message that carried the event; NULL for files."),
  `published_at` TIMESTAMP OPTIONS (description = "When that message was published; NULL for files."),
  `ingested_at` TIMESTAMP NOT NULL OPTIONS (description = "When the row was made, wall time. A repeated row of one event has another.")
)
PARTITION BY TIMESTAMP_TRUNC(`occurred_at`, DAY)
CLUSTER BY `store_id`, `product_id`
OPTIONS (description = "Each decoded event, repetitions included. store_id, product_id and event_id identify it.");

CREATE TABLE IF NOT EXISTS `stock_changes` (
  `scope` STRING NOT NULL OPTIONS (description = "`store`, or `global` for a row over all stores."),
  `store_id` STRING OPTIONS (description = "Store; NULL over all stores."),
  `product_id` STRING NOT NULL OPTIONS (description = "Product (SKU)."),
  `on_hand` INT64 NOT NULL OPTIONS (description = "Units on hand, signed; 0 or less is out of stock."),
  `version` INT64 NOT NULL OPTIONS (description = "Grows with each change of the key, also across restarts: at least the wall clock in microseconds."),
  `known` BOOL NOT NULL OPTIONS (description = "Whether the product was ever counted there. If not, `on_hand` is a sum of movements and no stock to promise."),
  `barrier` TIMESTAMP OPTIONS (description = "When the physical count that holds was taken; NULL if there is none, and over all stores."),
  `as_of` TIMESTAMP NOT NULL OPTIONS (description = "The pipeline's clock when the value was made. Partitions are its days."),
  `badge` STRING OPTIONS (description = "`LOW_STOCK`, or NULL.")
)
PARTITION BY TIMESTAMP_TRUNC(`as_of`, DAY)
CLUSTER BY `store_id`, `product_id`
OPTIONS (description = "Each stock signal. scope, store_id, product_id and version identify it.");

CREATE TABLE IF NOT EXISTS `velocity_signals` (
  `product_id` STRING NOT NULL OPTIONS (description = "Product (SKU)."),
  `store_id` STRING OPTIONS (description = "Store; NULL over all stores."),
  `window` STRING NOT NULL OPTIONS (description = "Window of `units_sold` and `message`: `1h` or `24h`."),
  `units_sold` INT64 NOT NULL OPTIONS (description = "Units sold in that window, returns subtracted."),
  `units_1h` INT64 NOT NULL OPTIONS (description = "Units sold in the last hour, returns subtracted."),
  `units_24h` INT64 NOT NULL OPTIONS (description = "Units sold in the last 24 hours, returns subtracted."),
  `views_1h` INT64 NOT NULL OPTIONS (description = "Looks at the product in the last hour."),
  `cart_adds_1h` INT64 NOT NULL OPTIONS (description = "Units put into carts in the last hour."),
  `views_24h` INT64 NOT NULL OPTIONS (description = "Looks at the product in the last 24 hours."),
  `cart_adds_24h` INT64 NOT NULL OPTIONS (description = "Units put into carts in the last 24 hours."),
  `rate_per_hour` FLOAT64 NOT NULL OPTIONS (description = "Units sold per hour in that window: `units_1h`, or `units_24h` / 24."),
  `badge` STRING OPTIONS (description = "`HIGH_DEMAND`, or NULL."),
  `message` STRING NOT NULL OPTIONS (description = "What a storefront shows, such as `50 sold in last hour`."),
  `as_of` INT64 NOT NULL OPTIONS (description = "The pipeline's clock at the evaluation, epoch milliseconds, as it is served."),
  `scope` STRING NOT NULL OPTIONS (description = "`store`, or `global` for a row over all stores."),
  `evaluated_at` TIMESTAMP NOT NULL OPTIONS (description = "`as_of` as a time. Partitions are its days."),
  `gone` BOOL OPTIONS (description = "TRUE when nothing counted was left in 24 hours and the key was deleted, else NULL.")
)
PARTITION BY TIMESTAMP_TRUNC(`evaluated_at`, DAY)
CLUSTER BY `store_id`, `product_id`
OPTIONS (description = "Each velocity signal as it is served. scope, store_id, product_id and as_of identify it.");

CREATE TABLE IF NOT EXISTS `badge_changes` (
  `scope` STRING NOT NULL OPTIONS (description = "`store`, or `global` for a row over all stores."),
  `store_id` STRING OPTIONS (description = "Store; NULL over all stores."),
  `product_id` STRING NOT NULL OPTIONS (description = "Product (SKU)."),
  `badge` STRING NOT NULL OPTIONS (description = "`LOW_STOCK` or `HIGH_DEMAND`."),
  `is_on` BOOL NOT NULL OPTIONS (description = "Whether the badge went on or off."),
  `changed_at` TIMESTAMP NOT NULL OPTIONS (description = "The pipeline's clock at the change. Partitions are its days."),
  `on_hand` INT64 OPTIONS (description = "Evidence of `LOW_STOCK`: units on hand."),
  `score` INT64 OPTIONS (description = "Evidence of `HIGH_DEMAND`: weighted sum of views, cart adds and units of the last hour."),
  `views` INT64 OPTIONS (description = "Evidence of `HIGH_DEMAND`: looks at the product in the last hour."),
  `cart_adds` INT64 OPTIONS (description = "Evidence of `HIGH_DEMAND`: units put into carts in the last hour."),
  `units` INT64 OPTIONS (description = "Evidence of `HIGH_DEMAND`: units sold in the last hour."),
  `enter` INT64 NOT NULL OPTIONS (description = "Threshold at or past which the badge goes on."),
  `exit` INT64 NOT NULL OPTIONS (description = "Threshold past which the badge goes off."),
  `clock_origin` TIMESTAMP OPTIONS (description = "What the pipeline's clock showed at `clock_started`; NULL with the wall clock."),
  `clock_started` TIMESTAMP OPTIONS (description = "Wall time at which the pipeline's clock showed `clock_origin`; NULL with the wall clock."),
  `clock_speed` FLOAT64 OPTIONS (description = "Seconds of the pipeline's clock in a second of wall time; 1 with the wall clock. NULL: a row of a version that did not keep the clock.")
)
PARTITION BY TIMESTAMP_TRUNC(`changed_at`, DAY)
CLUSTER BY `store_id`, `product_id`
OPTIONS (description = "Each badge going on or off, with the evidence it rests on. badge, scope, store_id, product_id and changed_at identify it.");

CREATE TABLE IF NOT EXISTS `dead_letters` (
  `raw` BYTES NOT NULL OPTIONS (description = "The payload, complete; of a file the line without its end; of a row that the warehouse refused, the row as JSON."),
  `text` STRING OPTIONS (description = "The same when it is valid UTF-8, else NULL."),
  `attributes` JSON NOT NULL OPTIONS (description = "Attributes of the Pub/Sub message; an empty object for files."),
  `reason` STRING NOT NULL OPTIONS (description = "One of a closed list, such as `BAD_FIELD`."),
  `detail` STRING NOT NULL OPTIONS (description = "What was wrong, for a person; names the field."),
  `stage` STRING NOT NULL OPTIONS (description = "Where it was refused: `decode`, `stock`, `velocity` or `warehouse`."),
  `source` STRING NOT NULL OPTIONS (description = "Channel: `POS`, `ECOM`, `WMS` or `FILE`; `UNKNOWN` for a signal's row."),
  `message_id` STRING OPTIONS (description = "Pub/Sub message; NULL for files."),
  `item` INT64 OPTIONS (description = "Index within the items of the message, from 0; NULL when all of the message was refused."),
  `published_at` TIMESTAMP OPTIONS (description = "When the message was published; NULL for files."),
  `failed_at` TIMESTAMP NOT NULL OPTIONS (description = "When it was refused, wall time. Partitions are its days.")
)
PARTITION BY TIMESTAMP_TRUNC(`failed_at`, DAY)
CLUSTER BY `reason`, `source`
OPTIONS (description = "What could not be used, complete, and why.");
