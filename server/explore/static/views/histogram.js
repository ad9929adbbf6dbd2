/** Prices of what everything else leaves, as bars, with two sliders that choose a range of them. */

import { h, show, svg } from "../dom.js";
import { changed } from "../search.js";
import { rupees } from "../words.js";

const HEIGHT = 56;
const WIDTH = 100;

export function showPrices(place, { bars }, search, choose) {
  const shown = withoutEmptyEnds(bars, search.price);
  if (!shown.length) return show(place);
  const [from, to] = chosen(shown, search.price);
  const low = slider("price-from", "Lowest price", from, shown.length - 1);
  const high = slider("price-to", "Highest price", to, shown.length - 1);
  const drawn = shown.map((bar, place) => rectangle(bar, place, shown));
  const said = h("output", { for: "price-from price-to" });
  const paint = () => {
    const [first, last] = ends(low, high);
    drawn.forEach((bar, place) => bar.classList.toggle("in", place >= first && place <= last));
    low.setAttribute("aria-valuetext", spoken(shown, first, first));
    high.setAttribute("aria-valuetext", spoken(shown, last, last));
    said.value = range(shown, first, last) ? spoken(shown, first, last) : "any price";
  };
  for (const end of [low, high]) {
    end.addEventListener("input", paint);
    end.addEventListener("change", () => choose(changed(search, "price", range(shown, ...ends(low, high)))));
  }
  paint();
  const picture = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "bars", "aria-hidden": "true" };
  show(place, h("h3", {}, "Price"), svg("svg", picture, drawn), h("div", { class: "range" }, low, high), said);
}

const slider = (id, label, value, max) => h("input", { type: "range", id, min: 0, max, step: 1, value, "aria-label": label });

/** Whichever slider is further left is the lower end. */
const ends = (low, high) => [Number(low.value), Number(high.value)].sort((one, other) => one - other);

function withoutEmptyEnds(bars, price) {
  const isShown = (bar) => bar.count > 0 || holds(bar, price?.min) || holds(bar, price?.max);
  const first = bars.findIndex(isShown);
  return first < 0 ? [] : bars.slice(first, bars.findLastIndex(isShown) + 1);
}

const holds = ({ from, to }, amount) => Boolean(amount) && (from ?? 0) <= amount && amount < (to ?? Infinity);

/** The places of the bars that hold the ends of the chosen range. */
function chosen(bars, price) {
  const from = bars.findIndex((bar) => holds(bar, price?.min));
  const to = bars.findIndex((bar) => holds(bar, price?.max));
  return [from < 0 ? 0 : from, to < 0 ? bars.length - 1 : to];
}

/** A slider at its stop leaves that end open. */
function range(bars, first, last) {
  const min = first > 0 ? bars[first].from : null;
  const max = last < bars.length - 1 ? bars[last].to - 1 : null;
  return min || max ? { ...(min && { min }), ...(max && { max }) } : null;
}

function spoken(bars, first, last) {
  const { from } = bars[first];
  const { to } = bars[last];
  if (from === null) return `under ${rupees(to)}`;
  return to === null ? `from ${rupees(from)}` : `${rupees(from)} to ${rupees(to)}`;
}

function rectangle(bar, place, bars) {
  const most = Math.max(...bars.map((one) => one.count), 1);
  const width = WIDTH / bars.length;
  const height = (bar.count / most) * HEIGHT;
  return svg(
    "rect",
    { x: place * width + width * 0.08, y: HEIGHT - height, width: width * 0.84, height },
    svg("title", {}, `${spoken(bars, place, place)}: ${bar.count}`),
  );
}
