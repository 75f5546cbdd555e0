import { attr, details, h, text } from './dom.js';
import { clock, num, productPath } from './format.js';
import { ask, poll, stream } from './net.js';
import { storeNames } from './badges.js';

const hour = 3_600_000;

// shown is what a shopper sees of a signal: the rules of docs/SIGNALS.md, "What to show".
function shown({ stock, velocity: v, badges }, hasClock) {
  const units = stock?.known ? Math.max(0, stock.on_hand) : null;
  const age = v && hasClock ? clock.now() - v.as_of : 0;
  const low = badges.includes('LOW_STOCK'), hourly = v?.window === '1h';
  const fresh = v && units !== 0 && v.units_sold > 0 && age <= (hourly ? hour : 24 * hour);
  const [state, words] = units === null ? ['', ''] : units === 0 ? ['out', 'Out of stock']
    : low ? ['low', `Only ${num(units)} left`] : ['in', 'In stock'];
  return { state, words, message: fresh ? `${num(v.units_sold)} sold in last ${hourly ? 'hour' : '24 hours'}` : '',
    hot: units !== 0 && badges.includes('HIGH_DEMAND') && age <= hour };
}

function card(ctx, product, store) {
  const title = product.name || product.id, linked = ctx.info.views.includes('product');
  const message = h('p', { class: 'sold' }), stock = h('p', { class: 'stock' }),
    hot = h('p', { class: 'pill hot', hidden: true }, 'High demand');
  const el = h('article', { class: 'card product' },
    h('h2', null, linked ? h('a', { href: productPath(product.id, store) }, title) : title),
    product.name && h('p', { class: 'id' }, product.id), hot, message, stock);
  let before = null;
  return { el, show(signal) {
    const now = shown(signal, ctx.info.mode !== 'serve'), both = now.message + now.words;
    if (before !== null && before !== both) {
      el.classList.remove('changed');
      requestAnimationFrame(() => el.classList.add('changed'));
    }
    before = both;
    text(message, now.message);
    text(stock, now.words);
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
  } },
  h('p', { class: 'field' }, h('label', { for: 'store-id' }, 'Store id; empty for all stores'), shop),
  h('p', { class: 'field' }, h('label', { for: 'product-ids' }, 'Product ids, one a line'), list),
  h('button', null, 'Show'));
}

export default function shop(ctx) {
  const { info, params, signal } = ctx, hasMemory = info.mode !== 'serve';
  const store = params.get('store') ?? '', ids = [...new Set(params.getAll('product'))].slice(0, 200);
  const grid = h('div', { class: 'cards' }), note = h('p', { class: 'muted', role: 'status' });
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

  if (hasMemory) {
    text(note, 'Loading…');
    poll(signal, 0, async () => {
      const [{ stores }, { products }] = await Promise.all(
        ['/page/stores', '/page/products?limit=200'].map(path => ask(path, { signal })));
      if (store && !stores.some(x => x.id === store)) stores.push({ id: store });
      select.replaceChildren(h('option', { value: '' }, 'All stores'),
        ...[...storeNames(stores)].map(([value, name]) => h('option', { value }, name)));
      select.value = store;
      const seen = new Map(products.map(p => [p.id, p]));
      open(ids.length ? ids.map(id => seen.get(id) ?? { id })
        : products.filter(p => !store || p.stores.includes(store)).slice(0, 24));
    });
  } else if (ids.length) open(ids.map(id => ({ id })));

  const form = choose(ctx, store, ids);
  return h('div', { class: 'view' },
    h('section', { class: 'hero row' },
      h('div', { class: 'hero' }, h('h1', null, 'Shop'), h('p', { class: 'lead' },
        'What a shopper sees, as it changes. A stock or message that is not known is left out.')),
      hasMemory && h('p', { class: 'field' }, h('label', { for: 'store' }, 'Store'), select)),
    note, grid, hasMemory ? details('Choose products by id', form) : form);
}
