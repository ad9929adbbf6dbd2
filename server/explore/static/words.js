/** How prices, homes and choices are called; amounts are whole rupees. */

import { NAMES } from "./facet_names.js";

const CRORE = 10_000_000;
const LAKH = 100_000;
const plain = new Intl.NumberFormat("en-IN");
const short = new Intl.NumberFormat("en-IN", { maximumFractionDigits: 2 });

export function rupees(amount) {
  if (amount >= CRORE) return `₹${short.format(amount / CRORE)} Cr`;
  if (amount >= LAKH) return `₹${short.format(amount / LAKH)} L`;
  return `₹${plain.format(amount)}`;
}

export const exactly = (amount) => `₹${plain.format(amount)}`;
export const count = (number, one, many = `${one}s`) => `${plain.format(number)} ${number === 1 ? one : many}`;

/** `semi_furnished` as people write it. */
export function spelled(value) {
  const words = String(value).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const bhk = (rooms) => (rooms === 0.5 ? "1 RK" : `${rooms} BHK`);

export const DEALS = {
  great: "Great price",
  good: "Good price",
  fair: "Fair price",
  above: "Above market",
  high: "High price",
  check_price: "Check the price",
  unknown: "Price not compared",
};

export const REASONS = {
  insufficient_data: "Too few comparable homes to say anything.",
  too_few: "Enough comparable homes for a range, too few for a verdict.",
  city_level: "Comparable only with the whole city, which is too far for a verdict.",
  no_area: "Without an area there is nothing to compare by.",
  recalculating: "The price changed a moment ago; it is being compared anew.",
};

export const LEVELS = {
  same_society: "in the same society",
  same_sector: "in the same sector",
  similar_in_sector: "of similar size in the same sector",
  within_2_km: "within 2 km",
  neighbouring_sectors: "in neighbouring sectors",
  city: "in the whole city",
};

const FIELDS = {
  ...NAMES,
  price: "Price",
  area_sqft: "Area",
  price_per_sqft: "Price per sqft",
  sector: "Sector",
  age_years: "Age",
  floor_number: "Floor",
  vastu_score: "Vastu",
  light_score: "Light",
  vastu_rooms: "Rooms",
  geo: "Area on the map",
  q: "Words",
  listing_type: "Offer",
  sort: "Order",
  outside: "Outside Noida",
};

export const named = (field) => FIELDS[field] ?? spelled(field);

/** What a field of a search asks for, in a few words. */
export function described(field, value) {
  if (value === null || value === undefined || value === "") return "any";
  if (Array.isArray(value)) return value.map((one) => described(field, one)).join(", ") || "any";
  if (field === "vastu_rooms") return `${spelled(value.room)} ${value.avoid ? "not " : ""}${value.directions.map(spelled).join(" or ")}`;
  if (field === "geo") return value.radius ? `within ${value.radius.metres / 1000} km` : "in the drawn area";
  if (typeof value === "object") return ranged(field, value);
  if (value === "unknown") return "not stated";
  if (field === "bhk") return bhk(value);
  if (field === "deal") return DEALS[value];
  if (field === "price" || field === "price_per_sqft") return rupees(value);
  return ["locality", "society", "q", "outside"].includes(field) ? String(value) : spelled(value);
}

function ranged(field, { min, max, unknown }) {
  const unit = field === "area_sqft" ? " sqft" : field === "age_years" ? " years" : "";
  const end = (value) => (field.startsWith("price") ? rupees(value) : `${plain.format(value)}${unit}`);
  const stated =
    min && max ? `${end(min)} to ${end(max)}` : max !== undefined && max !== null ? `up to ${end(max)}` : `from ${end(min ?? 0)}`;
  return unknown ? `${stated} or not stated` : stated;
}
