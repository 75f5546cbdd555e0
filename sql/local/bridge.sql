-- The functions of BigQuery that the SQL of the warehouse uses and that DuckDB does not have under
-- the same name. Times are UTC, without a zone.

CREATE SCHEMA "DATASET";
USE "DATASET";

CREATE MACRO timestamp_add(t, i) AS t + i;
CREATE MACRO timestamp_sub(t, i) AS t - i;
CREATE MACRO unix_millis(t) AS epoch_ms(t);
CREATE MACRO timestamp_millis(ms) AS epoch_ms(ms);
CREATE MACRO format_timestamp(f, t) AS strftime(t, replace(f, '%E3S', '%S.%g'));
CREATE MACRO div(a, b) AS a // b;
CREATE MACRO safe_divide(a, b) AS CASE WHEN b = 0 THEN NULL ELSE a / b END;
