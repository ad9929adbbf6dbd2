/** Noida as drawn sectors: a bubble is as large as its listings are many, and as dark as they are dear. */

import { get } from "../api.js";
import { h, show, svg } from "../dom.js";
import { toggled } from "../search.js";
import { exactly } from "../words.js";

const WIDTH = 640;
const EDGE = 22;
const SHADES = 5;

const known = new Map();

export async function showMap(place, search, choose) {
  const sectors = await localities(search.listing_type);
  const { height, project } = projection(sectors);
  const dearness = shades(sectors);
  const most = Math.max(...sectors.map((sector) => sector.count), 1);
  const bubbles = sectors
    .toSorted((one, other) => other.count - one.count)
    .map((sector) => bubble(sector, project(sector), most, dearness, search, choose));
  reachableByArrows(bubbles);
  show(
    place,
    svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "group", "aria-label": "Sectors of Noida: choose with Enter, move with the arrow keys" }, bubbles),
    legend(dearness),
  );
}

/** Asked once for sale and once for rent; the counts of a search are those of the filters. */
async function localities(listingType) {
  if (!known.has(listingType)) {
    const { items } = await get("localities", { listing_type: listingType });
    known.set(listingType, items.filter((sector) => sector.latitude !== null && sector.count > 0));
  }
  return known.get(listingType);
}

/** Degrees to the picture's units; at this latitude a degree of longitude is 0.88 of one of latitude. */
function projection(sectors) {
  const [west, east] = span(sectors, "longitude");
  const [south, north] = span(sectors, "latitude");
  const scale = (WIDTH - 2 * EDGE) / Math.max(east - west, 0.01);
  const tall = scale / 0.88;
  return {
    height: Math.round((north - south) * tall + 2 * EDGE),
    project: ({ latitude, longitude }) => [EDGE + (longitude - west) * scale, EDGE + (north - latitude) * tall],
  };
}

function span(sectors, field) {
  const values = sectors.map((sector) => sector[field]);
  return values.length ? [Math.min(...values), Math.max(...values)] : [0, 0];
}

/** The medians at which a shade begins: as many sectors in each. */
function shades(sectors) {
  const medians = sectors
    .map((sector) => sector.median_price_per_sqft)
    .filter((median) => median !== null)
    .sort((one, other) => one - other);
  return Array.from({ length: SHADES - 1 }, (_, step) => medians[Math.floor((medians.length * (step + 1)) / SHADES)] ?? Infinity);
}

const shadeOf = (median, dearness) => (median === null ? "none" : dearness.filter((edge) => median >= edge).length);

function bubble(sector, [x, y], most, dearness, search, choose) {
  const chosen = (search.locality ?? []).includes(sector.locality);
  const median = sector.median_price_per_sqft;
  const label = `${sector.locality}: ${sector.count} homes, ${median === null ? "median unknown" : `median ${exactly(median)} a sqft`}`;
  const pick = () => choose(toggled(search, "locality", sector.locality));
  const press = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    pick();
  };
  return svg(
    "circle",
    {
      id: `sector-${sector.locality.replaceAll(/\W+/g, "-")}`,
      cx: x.toFixed(1),
      cy: y.toFixed(1),
      r: (4 + 15 * Math.sqrt(sector.count / most)).toFixed(1),
      class: `shade-${shadeOf(median, dearness)}`,
      role: "button",
      tabindex: -1,
      "aria-pressed": chosen ? "true" : "false",
      "aria-label": label,
      onclick: pick,
      onkeydown: press,
    },
    svg("title", {}, label),
  );
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** One stop of the Tab key for all bubbles; from there the arrows go to the nearest in their direction. */
function reachableByArrows(bubbles) {
  bubbles[0]?.setAttribute("tabindex", 0);
  for (const from of bubbles)
    from.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      const next = step && nearest(bubbles, from, step);
      if (!next) return;
      event.preventDefault();
      from.setAttribute("tabindex", -1);
      next.setAttribute("tabindex", 0);
      next.focus();
    });
}

function nearest(bubbles, from, [right, down]) {
  const offset = (bubble) => [bubble.cx.baseVal.value - from.cx.baseVal.value, bubble.cy.baseVal.value - from.cy.baseVal.value];
  const distance = (bubble) => {
    const [x, y] = offset(bubble);
    const along = x * right + y * down;
    return along > 0 ? Math.hypot(x, y) + 2 * Math.abs(x * down - y * right) : Infinity;
  };
  const best = bubbles.toSorted((one, other) => distance(one) - distance(other))[0];
  return Number.isFinite(distance(best)) ? best : null;
}

function legend(dearness) {
  const edges = dearness.filter(Number.isFinite);
  const steps = edges.length ? [`under ${exactly(edges[0])}`, ...edges.map((edge) => `from ${exactly(edge)}`)] : [];
  return h(
    "p",
    { class: "legend quiet" },
    "Median asking price a sqft: ",
    steps.map((step, shade) => h("span", { class: `key shade-${shade}` }, step)),
  );
}
