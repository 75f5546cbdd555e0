-- Question: what could not be used, and who sends it?
--
-- Method: dead letters by day, source, stage and reason, with one detail as an example.
-- `streamlytics deadletters show` prints a whole message, and `streamlytics deadletters replay`
-- publishes it again.
--
-- Parameters: @from, @to TIMESTAMP: the period, @to exclusive.
--
-- Limits: the period is that of the refusal, in wall time, whatever the time in the message.

WITH letters AS (
  SELECT source, message_id, item, stage, reason, detail, failed_at
  FROM dead_letters
  WHERE failed_at >= @from AND failed_at < @to
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY source, message_id, item, stage, reason, detail, raw, failed_at ORDER BY published_at
  ) = 1
)
SELECT
  CAST(failed_at AS DATE) AS day,
  source,
  stage,
  reason,
  COUNT(*) AS letters,
  COUNT(DISTINCT message_id) AS messages,
  MIN(detail) AS example
FROM letters
GROUP BY day, source, stage, reason
ORDER BY day, letters DESC, source, stage, reason
