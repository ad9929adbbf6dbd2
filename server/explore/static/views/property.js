/** One home: pictures, facts, compass, market, similar homes, and the form to ask about it. */

import { get, newest } from "../api.js";
import { h, show } from "../dom.js";
import { bhk, exactly, rupees, spelled } from "../words.js";
import { compass } from "./compass.js";
import { inquiryForm } from "./inquiry.js";
import { market } from "./market.js";
import { gallery } from "./pictures.js";
import { card } from "./results.js";

const read = newest((id, signal) => get(`properties/${encodeURIComponent(id)}`, {}, signal));

export async function showProperty(dialog, id, search, { open, close }) {
  const home = await read(id);
  if (!home) return;
  const later = { market: h("div"), similar: h("div") };
  show(
    dialog,
    h("div", { class: "bar" }, h("h2", { id: "property-title", tabindex: -1 }, home.title), h("button", { type: "button", class: "close", onclick: close }, "Close")),
    gallery(home),
    h("div", { class: "columns" }, facts(home), compass(home.facing, home.scores.vastu)),
    later.market,
    inquiryForm(home.id),
    later.similar,
  );
  dialog.hidden = false;
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  dialog.querySelector("h2").focus();
  await Promise.allSettled([fillMarket(later.market, id), fillSimilar(later.similar, id, search, open)]);
}

async function fillMarket(place, id) {
  show(place, market(await get(`properties/${id}/market`)));
}

async function fillSimilar(place, id, search, open) {
  const { items } = await get(`properties/${id}/similar`);
  if (items.length)
    show(place, h("h3", {}, "Similar homes"), h("ul", { class: "similar" }, items.slice(0, 6).map((home) => card(home, search, open, home.why))));
}

function facts(home) {
  const rows = {
    Price: `${rupees(home.price)}${home.listing_type === "rent" ? " a month" : ""} (${exactly(home.price_per_sqft)} a sqft)`,
    Area: `${home.area_sqft.toLocaleString("en-IN")} sqft, ${spelled(home.area_basis).toLowerCase()}`,
    Rooms: [home.bhk && bhk(home.bhk), home.bathrooms && `${home.bathrooms} bath`, home.balconies && `${home.balconies} balconies`].filter(Boolean).join(", "),
    Place: [home.society, home.locality].filter(Boolean).join(", ") + (home.location_approximate ? " (position approximate)" : ""),
    Floor: home.floor_number === null ? "" : `${home.floor_number || "Ground"}${home.total_floors === null ? "" : ` of ${home.total_floors}`}`,
    Furnishing: home.furnishing_status && spelled(home.furnishing_status),
    Possession: home.possession_status && spelled(home.possession_status),
    Age: home.age_years === null ? "" : `${home.age_years} years`,
    Light: home.scores.light.score === null ? "" : `${home.scores.light.score} of 100`,
  };
  return h(
    "section",
    { "aria-label": "Facts" },
    h("dl", {}, Object.entries(rows).filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    h("p", {}, home.description),
  );
}
