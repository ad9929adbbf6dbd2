/** The page: one search, shown as questions, map, filters and homes; every choice asks anew. */

import { newest, post, Problem } from "./api.js";
import { byId, h, show } from "./dom.js";
import { addressOf, asked, changed, readAddress, resolved } from "./search.js";
import { FACETS, showChosen, showFacets, showScores } from "./views/facets.js";
import { showPrices } from "./views/histogram.js";
import { showMap } from "./views/map.js";
import { showProperty } from "./views/property.js";
import { QueryBox, showUnderstood } from "./views/query.js";
import { showQuestions } from "./views/questions.js";
import { card, showSuggestions, SORTS } from "./views/results.js";
import { count } from "./words.js";

const PAGE = 12;

let { search, property } = readAddress(location);
let skipped = [];

const listings = newest((body, signal) => post("search/listings", body, { signal }));

const box = new QueryBox(byId("ask"), byId("q"), byId("completions"), {
  ask: (text) => choose(changed(search, "q", text)),
  choose: (found) => choose({ ...search, ...found }),
});

/** Everything that changes the search comes by here, and becomes a step of the browser's history. */
function choose(wanted) {
  if (wanted.listing_type !== search.listing_type) skipped = [];
  search = wanted;
  history.pushState(null, "", addressOf(search));
  refresh();
}

/** Ask for everything that the page shows of the search. */
async function refresh() {
  box.text = search.q ?? "";
  box.listingType = search.listing_type;
  byId("sort").value = search.sort ?? "relevance";
  await looking(() => Promise.all([
    showListings(),
    showQuestions(byId("questions"), search, skipped, { choose, skip }),
    showMap(byId("sectors"), search, choose),
  ]));
}

let lookups = 0;

/** Do something that changes the homes, which are marked as busy as long as the last of these goes on. */
async function looking(work) {
  const ours = (lookups += 1);
  byId("results").setAttribute("aria-busy", "true");
  await saying(work);
  if (ours === lookups) byId("results").removeAttribute("aria-busy");
}

function skip(question) {
  skipped = [...skipped, question];
  refresh();
}

async function showListings() {
  const answer = await listings({ ...asked(search), facets: FACETS, page_size: PAGE });
  if (!answer) return;
  const found = resolved(answer.search);
  for (const radio of document.querySelectorAll("#offer input")) radio.checked = radio.value === found.listing_type;
  byId("total").value = count(answer.total, "home");
  show(byId("cards"), answer.items.map(asCard));
  showSuggestions(byId("suggestions"), answer.suggestions, choose);
  showUnderstood(byId("understood"), search.q ?? "", answer.understood, (text) => choose(changed(search, "q", text)));
  showChosen(byId("chosen"), search, choose);
  showPrices(byId("prices"), answer.price_histogram, found, choose);
  showScores(byId("scores"), found, choose);
  showFacets(byId("facets"), answer, found, choose);
  offerMore(answer.next_cursor);
}

const asCard = (home) => card(home, search, openProperty);

/** The next homes go below those that are there; the keyboard goes to the first of them. */
function offerMore(cursor) {
  const more = byId("more");
  more.hidden = cursor === null;
  more.onclick = () => looking(async () => {
    const answer = await listings({ ...asked(search), facets: [], histogram: false, suggest: false, page_size: PAGE, cursor });
    if (!answer) return;
    const cards = answer.items.map(asCard);
    byId("cards").append(...cards);
    cards[0]?.querySelector("a").focus();
    offerMore(answer.next_cursor);
  });
}

function openProperty(id) {
  property = id;
  history.pushState(null, "", addressOf(search, id));
  saying(() => showProperty(byId("property"), id, search, { open: openProperty, close: () => byId("property").close() }));
}

byId("property").addEventListener("close", () => {
  if (!property) return;
  property = null;
  history.pushState(null, "", addressOf(search));
});

/** Do something, and say what is in its way. */
async function saying(work) {
  show(byId("problem"));
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Problem)) console.error(error);
    const reasons = error.fields?.map(({ pointer, detail }) => h("li", {}, `${pointer.slice(2)} ${detail}`)) ?? [];
    show(byId("problem"), h("p", {}, error instanceof Problem ? error.message : "The service cannot be reached; try again shortly."), reasons.length ? h("ul", {}, reasons) : null);
  }
}

function followAddress() {
  ({ search, property } = readAddress(location));
  if (property) openFromAddress();
  else if (byId("property").open) byId("property").close();
  refresh();
}

const openFromAddress = () =>
  saying(() => showProperty(byId("property"), property, search, { open: openProperty, close: () => byId("property").close() }));

byId("offer").addEventListener("change", (event) => choose(changed(search.price ? changed(search, "price", null) : search, "listing_type", event.target.value)));
byId("sort").append(...Object.entries(SORTS).map(([value, label]) => h("option", { value }, label)));
byId("sort").addEventListener("change", (event) => choose(changed(search, "sort", event.target.value === "relevance" ? null : event.target.value)));
byId("filters-fold").open = matchMedia("(min-width: 60rem)").matches;
addEventListener("popstate", followAddress);
followAddress();
