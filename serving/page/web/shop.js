import { attr, h, text } from './dom.js';
import { clock, num, productPath } from './format.js';
import { ask, poll, stream } from './net.js';

const hour = 3_600_000;

// shown is what a shopper sees of a signal: the rules of docs/SIGNALS.md, "What to show".
function shown({ stock, velocity: v, badges }, hasClock) {
  const units = stock?.known ? Math.max(0, stock.on_hand) : null;
  const age = v && hasClock ? clock.now() - v.as_of : 0;
  const low = badges.includes('LOW_STOCK');
  const fresh = v && units !== 0 && v.units_sold > 0 && age <= (v.window === '1h' ? hour : 24 * hour);
  return {
    state: units === null ? '' : units === 0 ? 'out' : low ? 'low' : 'in',
    stock: units === null ? '' : units === 0 ? 'Out of stock' : low ? `Only ${num(units)} left` : 'In stock',
    message: fresh ? `${num(v.units_sold)} sold in last ${v.window === '1h' ? 'hour' : '24 hours'}` : '',
    hot: units !== 0 && badges.includes('HIGH_DEMAND') && age <= hour,
  };
}

function card(ctx, product, store) {
  const title = product.name || product.id, linked = ctx.info.views.includes('product');
  const message = h('p', { class: 'sold' }), stock = h('p', { class: 'stock' }),
    hot = h('p', { class: 'pill hot', hidden: true }, 'High demand');
  const el = h('article', { class: 'card product' },
    h('div', { class: 'head' },
      h('h2', null, linked ? h('a', { href: productPath(product.id, store) }, title) : title), hot),
    product.name && h('p', { class: 'id' }, product.id), message, stock);
  let before = null;
  return { el, show(signal) {
    const now = shown(signal, ctx.info.mode !== 'serve');
    if (before && before !== now.message + now.stock) {
      el.classList.remove('changed');
      requestAnimationFrame(() => el.classList.add('changed'));
    }
    before = now.message + now.stock;
    text(message, now.message);
    text(stock, now.stock);
    attr(stock, 'class', `stock ${now.state}`);
    attr(hot, 'hidden', !now.hot);
  } };
}

// choose is a form for a store and product ids, one a line.
function choose(ctx, store, ids) {
  const shop = h('input', { id: 'store-id', value: store, maxlength: 128, autocomplete: 'off' });
  const list = h('textarea', { id: 'product-ids', rows: 4, required: true, spellcheck: 'false' }, ids.join('\n'));
  return h('form', { class: 'choose', onsubmit: e => {
    e.preventDefault();
    const params = new URLSearchParams(shop.value ? { store: shop.value } : {});
    for (const id of new Set(list.value.split('\n').map(t => t.trim()).filter(Boolean))) params.append('product', id);
    ctx.go(`/shop?${params}`);
  } }, h('p', null, h('label', { for: 'store-id' }, 'Store id, empty for all stores'), shop),
  h('p', null, h('label', { for: 'product-ids' }, 'Product ids, one a line'), list), h('button', null, 'Show'));
}

export default function shop(ctx) {
  const { info, params, signal } = ctx, knows = info.mode !== 'serve';
  const store = params.get('store') ?? '', ids = [...new Set(params.getAll('product'))].slice(0, 200);
  const grid = h('div', { class: 'cards shop' }), note = h('p', { class: 'muted', role: 'status' });
  const select = h('select', { id: 'store', onchange: () => {
    const next = new URLSearchParams(location.search);
    select.value ? next.set('store', select.value) : next.delete('store');
    ctx.go(`/shop${next.size ? `?${next}` : ''}`);
  } });

  function open(products) {
    const cards = new Map(products.map(p => [p.id, card(ctx, p, store)]));
    grid.replaceChildren(...[...cards.values()].map(c => c.el));
    text(note, products.length ? '' : 'No product has been seen here yet.');
    if (!products.length) return;
    const query = new URLSearchParams(products.map(p => ['product', p.id]));
    if (store) query.set('store', store);
    stream(signal, `/v1/stream?${query}`, {
      signal: s => cards.get(s.product_id)?.show(s),
      problem: p => text(note, `${p.title || 'Redis cannot be read'}. The last values are shown.`),
      recovered: () => text(note, ''),
    });
  }

  if (knows) {
    poll(signal, 0, async () => {
      const [{ stores }, { products }] = await Promise.all(
        ['/page/stores', '/page/products?limit=200'].map(path => ask(path, { signal })));
      if (store && !stores.some(x => x.id === store)) stores.push({ id: store });
      select.replaceChildren(h('option', { value: '' }, 'All stores'),
        ...stores.map(x => h('option', { value: x.id }, x.name || x.id)));
      select.value = store;
      const names = new Map(products.map(p => [p.id, p]));
      open(ids.length ? ids.map(id => names.get(id) ?? { id })
        : products.filter(p => !store || p.stores.includes(store)).slice(0, 24));
    });
  } else if (ids.length) open(ids.map(id => ({ id })));

  const form = choose(ctx, store, ids);
  return h('div', { class: 'view' },
    h('section', { class: 'hero row' }, h('div', { class: 'hero' }, h('h1', null, 'Shop'),
      h('p', { class: 'lead' }, 'What a shopper sees, as it changes. Nothing is shown that is not known.')),
    knows && h('p', { class: 'field' }, h('label', { for: 'store' }, 'Store'), select)),
    note, grid,
    knows ? h('details', { class: 'data' }, h('summary', null, 'Choose products by id'), form) : form);
}
