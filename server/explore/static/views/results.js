/** Homes as cards, and what else one might look for when there are few. */

import { h, show } from "../dom.js";
import { addressOf } from "../search.js";
import { bhk, count, DEALS, described, named, rupees, spelled } from "../words.js";

export const SORTS = {
  relevance: "Best match",
  newest: "Newest",
  price_asc: "Price, low to high",
  price_desc: "Price, high to low",
  price_per_sqft_asc: "Price per sqft",
  area_desc: "Area, large to small",
  deal: "Best deal",
  vastu_desc: "Vastu",
  light_desc: "Light",
};

export function card(home, search, open, why = null) {
  const { vastu, light, price_vs_market: market } = home.key_metrics;
  const address = addressOf(search, home.id);
  return h(
    "li",
    { class: "card" },
    h("img", { src: home.image ?? "/explore/icon.svg", alt: "", loading: "lazy", width: 200, height: 150, class: home.image ? null : "no-picture" }),
    h(
      "div",
      { class: "what" },
      h("h3", {}, h("a", { href: address, onclick: (event) => opened(event, () => open(home.id)) }, home.title)),
      h("p", { class: "price" }, `${rupees(home.price)}${home.listing_type === "rent" ? " a month" : ""}`, " ", deal(market)),
      h("p", {}, facts(home)),
      why ? h("p", { class: "quiet" }, why.join(", ")) : h("p", { class: "metrics" }, metric("Vastu", vastu), metric("Light", light)),
    ),
  );
}

/** A new tab stays possible: only a plain press opens the home here. */
function opened(event, open) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open();
}

export function deal({ label, delta_pct: delta }) {
  if (!label) return null;
  const how = delta === null || delta === undefined ? "" : ` ${delta > 0 ? "+" : "−"}${Math.abs(delta)} %`;
  return h("span", { class: `deal ${label}`, title: `${how.trim()} against the median of comparable homes` }, DEALS[label], h("span", {}, how));
}

function facts(home) {
  const parts = [
    home.bhk ? bhk(home.bhk) : spelled(home.property_type),
    `${home.area_sqft.toLocaleString("en-IN")} sqft ${spelled(home.area_basis).toLowerCase()}`,
    home.locality,
    home.facing_direction && `${spelled(home.facing_direction)} facing`,
  ];
  return parts.filter(Boolean).join(" · ");
}

const metric = (name, score) => score !== null && h("span", { class: "metric" }, `${name} `, h("meter", { min: 0, max: 100, value: score, "aria-label": `${name} ${score} of 100` }), ` ${score}`);

export function showSuggestions(place, found, choose) {
  show(
    place,
    found.length ? h("h3", {}, "Few homes fit. This would find more:") : null,
    found.map((suggestion) =>
      h(
        "button",
        { type: "button", onclick: () => choose(suggestion.search) },
        suggestion.changes.map(({ field, to }) => `${named(field)}: ${described(field, to)}`).join("; "),
        h("span", { class: "count" }, ` ${count(suggestion.count, "home")}`),
        suggestion.cheapest === null ? null : h("span", { class: "quiet" }, ` from ${rupees(suggestion.cheapest)}`),
      ),
    ),
  );
}
