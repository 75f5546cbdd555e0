import { attr, h, keyed, text } from './dom.js';
import { clock, long, num, productPath, second } from './format.js';
import { ask, connection, poll } from './net.js';
import badges from './badges.js';
import deadletters from './deadletters.js';
import flow from './flow.js';
import product from './product.js';
import shop from './shop.js';

const routes = [
  { name: 'flow', path: /^\/$/, view: flow, nav: ['/', 'Flow'], title: 'Flow' },
  { name: 'shop', path: /^\/shop$/, view: shop, nav: ['/shop', 'Shop'], title: 'Shop' },
  { name: 'product', path: /^\/products\/([^/]+)$/, view: product, title: 'Product' },
  { name: 'badges', path: /^\/badges$/, view: badges, nav: ['/badges', 'Badges'], title: 'Badges' },
  { name: 'deadletters', path: /^\/deadletters$/, view: deadletters, nav: ['/deadletters', 'Dead letters'],
    title: 'Dead letters' },
];
const $ = id => document.getElementById(id);
const main = $('main');
let info, leave = new AbortController();

// show makes the view of the address. It moves the focus to its heading unless the page has just been loaded.
function show(first) {
  leave.abort();
  leave = new AbortController();
  if (location.pathname === '/' && !info.views.includes('flow')) history.replaceState(null, '', '/shop');
  const route = routes.find(r => r.path.test(location.pathname) && info.views.includes(r.name));
  for (const a of $('nav').querySelectorAll('a')) {
    attr(a, 'aria-current', a.pathname === route?.nav?.[0] ? 'page' : null);
  }
  let id;
  try {
    id = decodeURIComponent(route?.path.exec(location.pathname)[1] ?? '');
  } catch {
    id = null;
  }
  const title = t => { document.title = `${t} · Streamlytics`; };
  const ctx = { info, id, params: new URLSearchParams(location.search), signal: leave.signal, title, go, query };
  title(route?.title ?? 'Not found');
  main.replaceChildren(route && id !== null ? route.view(ctx) : notFound());
  if (first) return;
  scrollTo(0, 0);
  const heading = main.querySelector('h1');
  attr(heading, 'tabindex', -1);
  heading.focus({ preventScroll: true });
}

const notFound = () => h('section', null, h('h1', null, 'There is no such page'),
  h('p', null, h('a', { href: '/' }, 'Back to the start')));

// go opens an address of the page.
function go(url) {
  history.pushState(null, '', url);
  show();
}

// query changes parameters of the address in place, and returns them all. A view that calls it draws itself.
function query(change) {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) value ? params.set(name, value) : params.delete(name);
  history.replaceState(null, '', params.size ? `?${params}` : location.pathname);
  return params;
}

addEventListener('popstate', () => info && show());
document.addEventListener('click', e => {
  const a = e.target.closest?.('a');
  if (!a || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  if (a.origin !== location.origin || a.hash || !routes.some(r => r.path.test(a.pathname))) return;
  e.preventDefault();
  go(a.href);
});

connection.fn = since => {
  text($('banner'), since ? `Connection lost at ${second(since)}. Trying again.` : '');
  if (!since && info) learn().catch(() => {});
};

async function learn() {
  info = await ask('/page/info');
  if (info.clock) clock.set(info.clock.now, info.clock.speed);
  keyed($('nav'), routes.filter(r => r.nav && info.views.includes(r.name)), r => r.name, r =>
    ({ el: h('li', null, h('a', { href: r.nav[0] }, r.nav[1])) }));
  attr($('search'), 'hidden', !info.views.includes('product'));
  text($('about'), [{ demo: 'A simulated retailer', serve: 'Signals of Redis' }[info.mode] ?? info.pipeline,
    info.history_mb && `the last ${num(info.history_mb)} MB of events in memory`].filter(Boolean).join(', '));
}

const tick = () => text($('clock'), clock.speed === 1 ? `Clock: ${long(clock.now())}`
  : `Clock: ${long(clock.now())}, runs ${num(clock.speed)}× as fast as a wall clock`);
setInterval(() => document.hidden || !info || tick(), 1000);

main.append(h('p', { class: 'muted' }, 'Connecting…'));
poll(new AbortController().signal, 0, async () => { await learn(); tick(); show(true); });

// Search: a combobox of products and stores.
const q = $('q'), hits = $('hits');
let pending, chosen = -1;

function close() {
  keyed(hits, [], x => x);
  attr(hits, 'hidden', true);
  attr(q, 'aria-expanded', 'false');
  choose(-1);
}

function choose(i) {
  chosen = i;
  [...hits.children].forEach((li, k) => attr(li, 'aria-selected', String(k === i)));
  attr(q, 'aria-activedescendant', i < 0 ? null : hits.children[i].id);
  if (i >= 0) hits.children[i].scrollIntoView({ block: 'nearest' });
}

async function search() {
  pending?.abort();
  const { signal } = pending = new AbortController();
  const t = q.value.trim();
  if (!t) return close();
  await new Promise(resolve => setTimeout(resolve, 120));
  if (signal.aborted) return;
  try {
    const [{ products }, { stores }] = await Promise.all([
      ask(`/page/products?limit=8&q=${encodeURIComponent(t)}`, { signal }), ask('/page/stores', { signal })]);
    const has = x => `${x.id} ${x.name ?? ''}`.toLowerCase().includes(t.toLowerCase());
    const found = [...stores.filter(has).slice(0, 4).map(x => ['Store', x, `/shop?store=${encodeURIComponent(x.id)}`]),
      ...products.map(x => ['Product', x, productPath(x.id)])];
    keyed(hits, found.length ? found : [['', null, '']], f => f[2] || t, ([kind, x, url]) => ({ el: x
      ? h('li', { role: 'option', id: `hit-${url}`, 'data-url': url }, h('b', null, x.name || x.id),
        h('span', null, x.name ? `${kind} ${x.id}` : kind))
      : h('li', { role: 'option', 'aria-disabled': true, id: 'hit-none', class: 'none' },
        `Nothing has “${t}” in its id or name.`) }));
    attr(hits, 'hidden', null);
    attr(q, 'aria-expanded', 'true');
    choose(-1);
  } catch { /* the banner states it */ }
}

function pick(li) {
  if (!li?.dataset.url) return;
  q.value = '';
  pending?.abort();
  close();
  go(li.dataset.url);
}

q.addEventListener('input', search);
q.addEventListener('keydown', e => {
  const n = hits.children.length;
  if ((e.key === 'ArrowDown' || e.key === 'ArrowUp') && n) {
    e.preventDefault();
    choose(e.key === 'ArrowDown' ? (chosen + 1) % n : (Math.max(chosen, 0) + n - 1) % n);
  } else if (e.key === 'Enter') pick(hits.children[Math.max(chosen, 0)]);
  else if (e.key === 'Escape') { q.value = ''; close(); q.blur(); }
});
q.addEventListener('blur', () => setTimeout(close, 150));
hits.addEventListener('pointerdown', e => { e.preventDefault(); pick(e.target.closest('li')); });
document.addEventListener('keydown', e => {
  if (e.key !== '/' || e.ctrlKey || e.metaKey || e.altKey || e.target.closest('input, textarea, select')) return;
  if ($('search').hidden) return;
  e.preventDefault();
  q.focus();
});
