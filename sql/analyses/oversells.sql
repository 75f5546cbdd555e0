-- Question: what was sold beyond the stock?
--
-- Method: stock signals with an on-hand below 0, by store and product: since when, how many units
-- short at worst, and the on-hand at the end of the period. Redis has the same negative number;
-- storefronts show it as out of stock.
--
-- Parameters: @from, @to TIMESTAMP: the period, @to exclusive.
--
-- Limits: an on-hand below 0 can also mean that a receipt is late, or that the last count was
-- wrong: back_in_stock reports whether the stock recovered. Products that were never counted are
-- left out, and so are signals from before @from.

WITH known_stock AS ( -- newest_first: 1 for the last signal of the period
  SELECT
    store_id,
    product_id,
    on_hand,
    as_of,
    ROW_NUMBER() OVER (PARTITION BY store_id, product_id ORDER BY version DESC) AS newest_first
  FROM stock_changes
  WHERE as_of >= @from AND as_of < @to AND scope = 'store' AND known
)
SELECT
  store_id,
  product_id,
  MIN(CASE WHEN on_hand < 0 THEN as_of ELSE NULL END) AS first_below_zero,
  MAX(CASE WHEN on_hand < 0 THEN as_of ELSE NULL END) AS last_below_zero,
  -MIN(on_hand) AS units_short_at_worst,
  MAX(CASE WHEN newest_first = 1 THEN on_hand ELSE NULL END) AS on_hand_at_end,
  MAX(CASE WHEN newest_first = 1 THEN on_hand ELSE NULL END) > 0 AS back_in_stock
FROM known_stock
GROUP BY store_id, product_id
HAVING MIN(on_hand) < 0
ORDER BY units_short_at_worst DESC, store_id, product_id
