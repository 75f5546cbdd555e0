const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const formats = Object.fromEntries(Object.entries({
  minute: { hour: '2-digit', minute: '2-digit' },
  second: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  day: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  date: { year: 'numeric', month: '2-digit', day: '2-digit' },
  long: { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' },
}).map(([name, options]) => [name, new Intl.DateTimeFormat('en-GB', options)]));

export const num = n => whole.format(n).replace('-', '\u2212');
export const rate = n => (n < 9.95 ? tenth : whole).format(n);
export const plural = (n, one, many = one + 's') => `${num(n)} ${n === 1 ? one : many}`;
export const millis = n => n >= 10_000 ? `${rate(n / 1000)} s` : `${num(n)} ms`;

// Times are shown in the zone of the browser.
export const minute = ms => formats.minute.format(ms);
export const second = ms => formats.second.format(ms);
export const long = ms => formats.long.format(ms);

// stamp is the time of day, with the date unless it is the day of the pipeline's clock.
export const stamp = ms => (sameDay(ms, clock.now()) ? formats.minute : formats.day).format(ms);
const sameDay = (a, b) => formats.date.format(a) === formats.date.format(b);

// span is a duration in words.
export function span(ms) {
  const m = Math.round(ms / 60_000);
  if (m < 1) return `${Math.max(1, Math.round(ms / 1000))} s`;
  if (m < 60) return `${m} min`;
  return m % 60 ? `${Math.floor(m / 60)} h ${m % 60} min` : `${m / 60} h`;
}

// clock is the clock of the pipeline, which may run faster than the wall's.
export const clock = {
  at: Date.now(), wall: Date.now(), speed: 1,
  set(at, speed = this.speed) { Object.assign(this, { at, speed, wall: Date.now() }); },
  now() { return this.at + (Date.now() - this.wall) * this.speed; },
};

// label joins a name and an id.
export const label = (name, id) => name || id;
export const productPath = (id, store) =>
  `/products/${encodeURIComponent(id)}${store ? `?store=${encodeURIComponent(store)}` : ''}`;
