/** Filters with live counts: what a tick would find, everything else chosen as it is. */

import { h, show } from "../dom.js";
import { NAMES } from "../facet_names.js";
import { changed, choices, toggled } from "../search.js";
import { count, described, named } from "../words.js";

export const FACETS = Object.keys(NAMES);
const OPEN = new Set(["property_type", "bhk", "deal"]);

export function showFacets(place, answer, search, choose) {
  const open = new Set([...place.querySelectorAll("details[open]")].map((fold) => fold.id));
  const isFirst = !place.children.length;
  show(
    place,
    FACETS.filter((facet) => answer.facets[facet]).map((facet) =>
      h(
        "details",
        { id: `facet-${facet}`, open: isFirst ? OPEN.has(facet) || Boolean(search[facet]) : open.has(`facet-${facet}`) },
        h("summary", {}, named(facet)),
        h(
          "fieldset",
          {},
          h("legend", { class: "hidden" }, named(facet)),
          answer.facets[facet].map((option) => tick(facet, option, search, choose)),
          answer.other_counts[facet] ? h("p", { class: "quiet" }, `${count(answer.other_counts[facet], "home")} elsewhere`) : null,
        ),
      ),
    ),
  );
}

function tick(facet, option, search, choose) {
  return h(
    "label",
    { class: option.count || option.selected ? "tick" : "tick none" },
    h("input", {
      type: "checkbox",
      id: `tick-${facet}-${option.value}`,
      checked: option.selected,
      disabled: option.count === 0 && !option.selected,
      onchange: () => choose(toggled(search, facet, option.value)),
    }),
    h("span", {}, option.label),
    h("span", { class: "count" }, option.count.toLocaleString("en-IN")),
  );
}

/** Everything that is chosen, to be taken back with one press. */
export function showChosen(place, search, choose) {
  const chips = choices(search).map(([field, value]) => chip(`${named(field)}: ${described(field, value)}`, () => choose(changed(search, field, null))));
  show(place, chips);
}

export function chip(label, remove) {
  return h("button", { type: "button", class: "chip", onclick: remove }, label, h("span", { "aria-hidden": "true" }, " ×"), h("span", { class: "hidden" }, " (remove)"));
}

const SCORES = { vastu_score: "Vastu at least", light_score: "Light at least" };

export function showScores(place, search, choose) {
  show(
    place,
    Object.entries(SCORES).map(([field, label]) => {
      const least = search[field]?.min ?? 0;
      const output = h("output", { for: `least-${field}` }, least || "any");
      const slider = h("input", {
        type: "range",
        id: `least-${field}`,
        min: 0,
        max: 90,
        step: 10,
        value: least,
        "aria-valuetext": least || "any",
        oninput: () => (output.value = Number(slider.value) || "any"),
        onchange: () => choose(changed(search, field, Number(slider.value) ? { min: Number(slider.value) } : null)),
      });
      return h("div", { class: "slider" }, h("label", { for: `least-${field}` }, label), slider, output);
    }),
  );
}
