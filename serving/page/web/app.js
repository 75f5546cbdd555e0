import { attr, h, keyed, text } from './dom.js';
import { clock, moment, num } from './format.js';
import { ask, connection, poll } from './net.js';
import { search } from './search.js';
import badges from './badges.js';
import deadletters from './deadletters.js';
import flow from './flow.js';
import product from './product.js';
import shop from './shop.js';

// The views. Those with an address are in the navigation.
const routes = [
  { name: 'flow', path: /^\/$/, view: flow, at: '/', title: 'Flow' },
  { name: 'shop', path: /^\/shop$/, view: shop, at: '/shop', title: 'Shop' },
  { name: 'product', path: /^\/products\/([^/]+)$/, view: product, title: 'Product' },
  { name: 'badges', path: /^\/badges$/, view: badges, at: '/badges', title: 'Badges' },
  { name: 'deadletters', path: /^\/deadletters$/, view: deadletters, at: '/deadletters', title: 'Dead letters' },
];
const $ = id => document.getElementById(id);
const main = $('main');
let info, pipeline = null, shown, leave = new AbortController();

const address = () => location.pathname + location.search;

// decoded returns a segment of a path, or null if it is no percent-encoding.
function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

// show makes the view of the address.
function show() {
  leave.abort();
  leave = new AbortController();
  if (location.pathname === '/' && !info.views.includes('flow')) history.replaceState(null, '', '/shop');
  shown = address();
  const route = routes.find(r => r.path.test(location.pathname) && info.views.includes(r.name));
  for (const a of $('nav').querySelectorAll('a')) attr(a, 'aria-current', a.pathname === route?.at ? 'page' : null);
  const id = decoded(route?.path.exec(location.pathname)[1] ?? '');
  const title = t => { document.title = `${t} · Streamlytics`; };
  const ctx = { info, id, params: new URLSearchParams(location.search), signal: leave.signal, title, go, query };
  title(route?.title ?? 'Not found');
  main.replaceChildren(route && id !== null ? route.view(ctx) : notFound());
}

// enter shows the view of the address, and moves the focus to its heading.
function enter() {
  show();
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
  enter();
}

// query changes parameters of the address in place. A view that calls it draws itself.
function query(change) {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) value ? params.set(name, value) : params.delete(name);
  history.replaceState(null, '', params.size ? `?${params}` : location.pathname);
}

addEventListener('popstate', () => info && address() !== shown && enter()); // not for a place in the same view
document.addEventListener('click', e => {
  const a = e.target.closest?.('a');
  if (!a || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  if (a.origin !== location.origin || a.hash || !routes.some(r => r.path.test(a.pathname))) return;
  e.preventDefault();
  go(a.href);
});

// learn asks what is served here. Another pipeline than before gets a new view, because nothing of the old one holds.
async function learn() {
  info = await ask('/page/info');
  Object.assign(clock, { speed: info.clock.speed, zone: info.mode === 'demo' ? 'UTC' : undefined });
  clock.set(info.clock.now);
  keyed($('nav'), routes.filter(r => r.at && info.views.includes(r.name)), r => r.name, r =>
    ({ el: h('li', null, h('a', { href: r.at }, r.title)) }));
  attr($('search'), 'hidden', !info.views.includes('product'));
  const memory = info.history_mb ? `. Memory for events: ${num(info.history_mb)} MB` : '';
  const about = { demo: 'A simulated retailer', serve: 'Signals in Redis' }[info.mode] ?? `Pipeline ${info.pipeline}`;
  text($('about'), about + memory);
  if (pipeline === info.pipeline) return;
  pipeline = info.pipeline;
  show();
}

connection.changed = lost => {
  text($('banner'), lost && info ? `Connection lost. The page shows ${moment(clock.now())}. Trying again.` : '');
  if (!lost && info) learn().catch(() => {});
};

function tick() {
  const speed = clock.speed === 1 ? '' : `, ${num(clock.speed)}× as fast as a wall clock`;
  text($('clock'), `Clock: ${moment(clock.now())}${clock.zone ? ` ${clock.zone}` : ''}${speed}`);
}

search($('q'), $('hits'), go);
main.append(h('p', { class: 'muted' }, 'Connecting…'));
poll(new AbortController().signal, 0, async () => {
  await learn();
  tick();
  setInterval(() => document.hidden || connection.lost || tick(), 1000);
});
