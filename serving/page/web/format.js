const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

export const num = n => whole.format(n).replace('-', '\u2212');
export const rate = n => (n < 9.95 ? tenth : whole).format(n);
export const plural = (n, one, many = one + 's') => `${num(n)} ${n === 1 ? one : many}`;
export const millis = n => n >= 10_000 ? `${rate(n / 1000)} s` : `${num(n)} ms`;

const time = { hour: '2-digit', minute: '2-digit' };
const day = { day: 'numeric', month: 'short', ...time };
const long = { weekday: 'short', ...day, second: '2-digit' };
const date = { year: 'numeric', month: '2-digit', day: '2-digit' };
const format = (ms, form, timeZone) => {
  const key = Object.keys(form).join() + timeZone;
  formatters[key] ??= new Intl.DateTimeFormat('en-GB', { ...form, timeZone });
  return formatters[key].format(ms);
};
const formatters = {};

// clock is the clock of the pipeline, which may run faster than the wall's. The browser's clock is not used. Times are
// shown in zone, undefined for that of the browser.
export const clock = {
  at: 0, since: 0, speed: 1, zone: undefined,
  set(at) { Object.assign(this, { at, since: performance.now() }); },
  now() { return this.at + (performance.now() - this.since) * this.speed; },
};

export const minute = ms => format(ms, time, clock.zone);
export const moment = ms => format(ms, long, clock.zone);
export const offset = ms => clock.zone === 'UTC' ? 0 : new Date(ms).getTimezoneOffset() * 60_000;

// wall and wallTime are times of the wall clock.
export const wall = ms => format(ms, long);
export const wallTime = ms => format(ms, { ...time, second: '2-digit' });

// stamp is the time of day, with the date unless it is the day of the pipeline's clock.
export function stamp(ms) {
  const today = format(ms, date, clock.zone) === format(clock.now(), date, clock.zone);
  return format(ms, today ? time : day, clock.zone);
}

// span is a duration in words.
export function span(ms) {
  const m = Math.round(ms / 60_000);
  if (m < 1) return `${Math.max(1, Math.round(ms / 1000))} s`;
  if (m < 60) return `${m} min`;
  return m % 60 ? `${Math.floor(m / 60)} h ${m % 60} min` : `${m / 60} h`;
}

export const productPath = (id, store) =>
  `/products/${encodeURIComponent(id)}${store ? `?store=${encodeURIComponent(store)}` : ''}`;
