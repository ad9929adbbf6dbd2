/** The search that the page shows: the API's canonical form, kept in the address so that links carry it. */

/** What guided search asks about; with anything else chosen its counts would be another search's. */
const GUIDED = new Set(["listing_type", "price", "property_type", "bhk", "locality", "sort"]);

export const EVERYTHING = { listing_type: "sale" };

export function readAddress(address) {
  const query = new URLSearchParams(address.search);
  return { search: readSearch(query.get("search")), property: query.get("property") };
}

function readSearch(written) {
  try {
    return { ...EVERYTHING, ...JSON.parse(written ?? "{}") };
  } catch {
    return EVERYTHING;
  }
}

export function addressOf(search, property = null) {
  const query = new URLSearchParams();
  if (Object.keys(search).length > 1 || search.listing_type !== "sale") query.set("search", JSON.stringify(search));
  if (property) query.set("property", property);
  return query.size ? `/explore?${query}` : "/explore";
}

export const isGuided = (search) => Object.keys(search).every((field) => GUIDED.has(field));

/** The search with one field set; null, "" and [] choose nothing. */
export function changed(search, field, value) {
  const { [field]: _, ...others } = search;
  const isNothing = value === null || value === "" || (Array.isArray(value) && !value.length);
  return isNothing ? others : { ...others, [field]: value };
}

/** The search with one value of a field chosen or not chosen any more. */
export function toggled(search, field, value) {
  const chosen = search[field] ?? [];
  const others = chosen.filter((one) => one !== value);
  return changed(search, field, others.length < chosen.length ? others : [...chosen, value]);
}

/** What a visitor chose, field by field, without what every search has. */
export const choices = (search) =>
  Object.entries(search).filter(([field]) => !["listing_type", "sort", "page", "page_size", "q"].includes(field));

/** As it is sent: words may say whether somebody wants to rent, unless the visitor chose to. */
export function asked(search) {
  const { listing_type: offer, ...others } = search;
  return search.q && offer === "sale" ? others : search;
}

/** What was understood of it, as the next choice goes on from there: words that became filters are filters then. */
export const resolved = ({ page: _, page_size: __, ...search }) => search;
