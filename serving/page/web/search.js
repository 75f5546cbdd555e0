import { attr, h, keyed } from './dom.js';
import { productPath } from './format.js';
import { ask } from './net.js';

// search makes an input and a list a combobox of products and stores. go(url) opens the one that is picked.
export function search(input, hits, go) {
  let pending, chosen = -1;

  function list(found, make) {
    keyed(hits, found, f => f.url, make);
    attr(hits, 'hidden', !found.length);
    attr(input, 'aria-expanded', String(found.length > 0));
    choose(-1);
  }

  function close() {
    pending?.abort();
    list([]);
  }

  function choose(i) {
    chosen = i;
    [...hits.children].forEach((li, k) => attr(li, 'aria-selected', String(k === i)));
    attr(input, 'aria-activedescendant', hits.children[i]?.id);
    hits.children[i]?.scrollIntoView({ block: 'nearest' });
  }

  function pick(li) {
    if (!li?.dataset.url) return;
    input.value = '';
    close();
    go(li.dataset.url);
  }

  async function find() {
    pending?.abort();
    const { signal } = pending = new AbortController(), t = input.value.trim();
    if (!t) return close();
    await new Promise(resolve => setTimeout(resolve, 120));
    if (signal.aborted) return;
    try {
      const [{ products }, { stores }] = await Promise.all([
        ask(`/page/products?limit=8&q=${encodeURIComponent(t)}`, { signal }), ask('/page/stores', { signal })]);
      const has = x => `${x.id} ${x.name ?? ''}`.toLowerCase().includes(t.toLowerCase());
      const shop = id => `/shop?store=${encodeURIComponent(id)}`;
      const found = [...stores.filter(has).slice(0, 4).map(x => ({ ...x, kind: 'Store', url: shop(x.id) })),
        ...products.map(x => ({ ...x, kind: 'Product', url: productPath(x.id) }))];
      if (found.length) list(found, hit);
      else list([{ url: `none-${t}` }], () => nothing(t));
    } catch { /* the banner states it */ }
  }

  const hit = ({ id, name, kind, url }) => ({ el: h('li', { role: 'option', id: `hit-${url}`, 'data-url': url },
    h('b', null, name || id), h('span', null, name ? `${kind} ${id}` : kind)) });

  const nothing = t => ({ el: h('li', { role: 'option', 'aria-disabled': true, id: 'hit-none', class: 'none' },
    `Nothing has “${t}” in its id or name.`) });

  input.addEventListener('input', find);
  input.addEventListener('keydown', e => {
    const n = hits.children.length;
    if ((e.key === 'ArrowDown' || e.key === 'ArrowUp') && n) {
      e.preventDefault();
      choose(e.key === 'ArrowDown' ? (chosen + 1) % n : (Math.max(chosen, 0) + n - 1) % n);
    } else if (e.key === 'Enter') pick(hits.children[Math.max(chosen, 0)]);
    else if (e.key === 'Escape') {
      input.value = '';
      close();
      input.blur();
    }
  });
  input.addEventListener('blur', close);
  hits.addEventListener('pointerdown', e => {
    e.preventDefault(); // the input keeps the focus
    pick(e.target.closest('li'));
  });
  document.addEventListener('keydown', e => {
    if (e.key !== '/' || e.ctrlKey || e.metaKey || e.altKey || e.target.closest('input, textarea, select')) return;
    if (!input.offsetParent) return;
    e.preventDefault();
    input.focus();
  });
}
