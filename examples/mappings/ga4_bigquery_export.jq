# Google Analytics 4, export to BigQuery: rows of events become views, cart adds and sales.
#
# Reads: rows of the tables events_* and events_intraday_* as JSON. 64-bit integers may be numbers
#   or texts.
# Delivery: a query that exports TO_JSON_STRING of each row to a topic, continuous or on a schedule:
#   EXPORT DATA OPTIONS (format = 'CLOUD_PUBSUB', ...).
# Flag: --ecom_map.
# Ids: the transaction of a purchase; otherwise visitor, time and name of the event, because rows
#   have no id. So a row that is in both tables counts once, and so does a purchase whose page is
#   loaded again.
# Left out: all other events. Refunds are among them, because the goods come back as receipts.
#   Items without an id.

# What the tag sends in place of a value.
def is_given: type == "string" and (ascii_downcase | IN("", "(not set)", "null", "undefined", "none") | not);

{"view_item": "VIEW", "add_to_cart": "CART_ADD", "purchase": "SALE"}[.event_name // ""] as $type
| select($type)
| . as $row
| (if $type == "SALE" and (.ecommerce.transaction_id | is_given) then "purchase:\(.ecommerce.transaction_id)"
   else "\(.event_name):\(.user_pseudo_id):\(.event_timestamp)" end) as $id

# One event for each product, however many lines it has.
| [.items[]? | select(.item_id | is_given)] | group_by(.item_id)[]
| {type: $type, store_id: "online", product_id: .[0].item_id,
   quantity: (map(.quantity // 1 | tonumber) | add),
   occurred_at: ($row.event_timestamp | tonumber | . / 1000 | floor), event_id: $id}
