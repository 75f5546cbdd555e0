# Square: completed orders become sales and returns, inventory counts become counts.
#
# Reads: the webhook inventory.count.updated, and orders as the Orders API returns them, alone or
#   as {"order": ...}.
# Delivery: a small function receives the webhooks, checks their signature and publishes the body.
#   The webhooks of orders have no lines: for them it reads the order (RetrieveOrder) and publishes
#   that.
# Flag: --pos_map, or that of any other subscription.
# Ids: those of the order and its line; of a count its time and quantity. All are in the payload, so
#   a webhook that is delivered twice gives the same events.
# Left out: orders that are not completed, which may still change; lines that are not in the
#   catalog, such as custom amounts and gift cards; counts of other states than IN_STOCK.
#
# Quantities may have decimals ("1.5" kg). They become whole units, and no more than there is:
# sales are rounded up, counts and returns down.

if .type == "inventory.count.updated" then
  .data.object.inventory_counts[] | select(.state == "IN_STOCK")
  | {type: "RESET", store_id: .location_id, product_id: .catalog_object_id,
     quantity: ([.quantity | tonumber | floor, 0] | max), occurred_at: .calculated_at,
     event_id: "count:\(.calculated_at):\(.quantity)"}

# Another webhook, such as order.updated.
elif has("merchant_id") and has("type") then empty

# The time of an order is created_at, which is before the count that contains the order. closed_at
# may be after that count, and the order would then be deducted twice.
else
  (.order // .) | select(.state == "COMPLETED") | . as $order
  | (.line_items[]? | .units = (.quantity | tonumber | ceil)),
    (.returns[]?.return_line_items[]? | .units = -(.quantity | tonumber | floor))
  | select(.catalog_object_id)
  | {type: "SALE", store_id: $order.location_id, product_id: .catalog_object_id, quantity: .units,
     occurred_at: $order.created_at, event_id: "order:\($order.id):\(.uid)"}
end
