// The fields of each format, from docs/FORMATS.md: [field, type, meaning].
const id = 'text or integer';
const at = 'epoch ms or RFC 3339';

export const formats = {
  POS: ['a till transaction', [
    ['order_number', id, 'required'],
    ['store_id', id, 'required; “global” is reserved'],
    ['timestamp', at, 'business time; required unless time_of_sale is given'],
    ['time_of_sale', at, 'business time when given and not 0'],
    ['product_id', id, 'the one product'],
    ['product_count', 'integer', 'units of the one product'],
    ['price', 'number', 'optional'],
    ['items', 'list', 'in place of the one product'],
    ['items[].product_id', id, 'required in each item'],
    ['items[].quantity', 'integer', 'units; negative comes back'],
    ['items[].price', 'number', 'optional'],
    ['type', 'text', 'SALE if absent; RETURN or REFUND'],
    ['line, terminal_id', id, 'optional, part of the natural key'],
    ['user_id, client_id, department_id', id, 'optional, for the warehouse'],
    ['event_id', id, 'identity; else the attribute, the natural key or the message id'],
  ]],
  ECOM: ['a clickstream event', [
    ['event', 'text', 'view_item, browse, add_to_cart, purchase or refund; others are ignored'],
    ['timestamp', at, 'required'],
    ['ecommerce', 'object', 'required'],
    ['ecommerce.items', 'list', 'required, not empty'],
    ['ecommerce.items[].item_id', id, 'required in each item'],
    ['ecommerce.items[].quantity', 'integer', '1 if absent'],
    ['ecommerce.items[].price', 'number', 'optional'],
    ['ecommerce.purchase.items', 'list', 'of a purchase or refund, goes first'],
    ['ecommerce.transaction_id', id, 'optional, the natural key of a purchase or refund'],
    ['store_id', id, 'the fulfilling store; else the online store'],
    ['client_id, user_id', id, 'optional, for the warehouse'],
    ['event_id', id, 'identity; else the attribute, the natural key or the message id'],
  ]],
  WMS: ['goods received or a count', [
    ['type', 'text', 'RECEIPT if absent, or RESET'],
    ['store_id', id, 'required'],
    ['count', 'integer', 'required; of a RESET 0 or more'],
    ['product_id', id, 'required, or sku'],
    ['sku', id, 'in place of product_id'],
    ['timestamp', at, 'required of a RECEIPT'],
    ['counted_at', at, 'required of a RESET, with the time of day'],
    ['event_id', id, 'identity; required in a file'],
  ]],
  unified: ['a unified event', [
    ['type', 'text', 'required: SALE, RECEIPT, RESET, VIEW or CART_ADD'],
    ['store_id', id, 'required'],
    ['product_id', id, 'required; sku where it is absent or 0'],
    ['occurred_at', at, 'required; of a RESET the time of the count'],
    ['quantity', 'integer', 'required but for VIEW and CART_ADD'],
    ['event_id', id, 'identity; required in a file'],
  ]],
};

// formatOf returns the name of the format that a letter should have had.
export function formatOf({ source, text }) {
  if (text?.includes('"occurred_at"')) return 'unified';
  if (source in formats) return source;
  return text?.includes('"count"') || (text?.includes(',') && !text.startsWith('{')) ? 'WMS' : 'unified';
}

// offending returns the field that a detail begins or ends with, such as items[].quantity, or ''.
export function offending(detail) {
  const first = /^([a-z_]+(?:\[\d+\])?(?:\.[a-z_]+(?:\[\d+\])?)*)(?::| is | was | has )/.exec(detail)?.[1];
  const pointer = / in ((?:\/\w+)+)$/.exec(detail)?.[1].slice(1).replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.');
  return (first ?? pointer ?? '').replace(/\[\d+\]/g, '[]');
}
