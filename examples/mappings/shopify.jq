# Shopify: orders and refunds become sales and returns, inventory levels become counts.
#
# Reads: the payloads of the webhook topics orders/create, refunds/create and
#   inventory_levels/update. They are told apart by their fields, so one subscription may carry all.
# Delivery: Shopify publishes to Pub/Sub itself. The URI of a webhook is then pubsub://PROJECT:TOPIC.
# Flag: --pos_map, or that of any other subscription.
# Ids: those of the order or refund and its line; of a level its time and quantity. All are in the
#   payload, so a webhook that is delivered twice gives the same events.
# Left out: test orders; gift cards, tips and other lines without a variant; refunds without goods
#   (no_restock); levels of what is not tracked. Subscribe to neither orders/updated nor
#   orders/cancelled: a cancelled order comes back as a refund.

# The SKU of each inventory item, which a level names in place of the SKU. Fill it from the variants of your products.
def skus: {
  "8100001": "TEE-RED-S",
  "8100002": "TEE-RED-M",
  "7301145200000000801": "MUG-WHITE"
};

def sku: skus["\(.)"] // error("inventory item \(.) is not in the table of SKUs");

# Times have whole seconds. A sale is put before the level of its second, which contains it.
def before_its_level: fromdate * 1000 - 1;

def is_ware: .variant_id != null and (.gift_card | not);

# The quantity is not current_quantity, which falls with each refund: refunds are events too.
if has("line_items") then
  select(.test | not) | . as $order
  | .line_items[] | select(is_ware)
  | {type: "SALE", store_id: ($order.location_id // "online"), product_id: .sku, quantity,
     occurred_at: ($order.created_at | before_its_level),
     event_id: "order:\($order.id):\(.id)"}

elif has("refund_line_items") then
  . as $refund
  | .refund_line_items[]
  | select(.restock_type | IN("return", "cancel", "legacy_restock"))
  | select(.line_item | is_ware)
  | {type: "SALE", store_id: (.location_id // "online"), product_id: .line_item.sku,
     quantity: -.quantity,
     occurred_at: ($refund.created_at | before_its_level),
     event_id: "refund:\($refund.id):\(.id)"}

# A level below 0 is one of orders that cannot be served. A count is not negative.
elif has("inventory_item_id") then
  select(.available != null)
  | {type: "RESET", store_id: .location_id, product_id: (.inventory_item_id | sku),
     quantity: ([.available, 0] | max), occurred_at: .updated_at, event_id: "level:\(.updated_at):\(.available)"}

else error("neither an order, a refund nor an inventory level") end
