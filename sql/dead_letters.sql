-- The dead letters of a dataset, each once and the oldest first, as the JSON lines of a warehouse
-- folder. `streamlytics deadletters --bigquery_dataset` runs this query with that dataset as the
-- default dataset. It reads the whole table.

SELECT TO_JSON_STRING(STRUCT(raw, text, attributes, reason, detail, stage, source, message_id, item, published_at, failed_at)) AS letter
FROM dead_letters
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY source, message_id, item, stage, reason, detail, raw, failed_at ORDER BY published_at) = 1
ORDER BY failed_at, source, message_id, item, stage, detail, raw
