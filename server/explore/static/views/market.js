/** Where a price lies among its comparables: a strip with the middle half, the median and this home. */

import { h, svg } from "../dom.js";
import { count, DEALS, exactly, LEVELS, REASONS, rupees } from "../words.js";

const WIDTH = 300;

export function market(comparison) {
  const { comparable_prices: prices, label } = comparison;
  return h(
    "section",
    { class: "market", "aria-label": "Price against its market" },
    h("h3", {}, "Price against its market"),
    h("p", {}, label ? h("span", { class: `deal ${label}` }, DEALS[label]) : (REASONS[comparison.reason] ?? "No verdict."), " ", delta(comparison)),
    prices && strip(prices, comparison.price_per_sqft),
    h("p", { class: "quiet" }, basis(comparison)),
    comparison.next_better && h("p", {}, better(comparison.next_better)),
  );
}

const delta = ({ delta_pct: percent }) =>
  percent === null ? null : `${Math.abs(percent)} % ${percent > 0 ? "above" : "below"} the median.`;

function basis({ n, removed, level, area_basis: area, approximate }) {
  const from = level ? ` ${LEVELS[level]}` : "";
  const without = removed ? `, ${count(removed, "outlier")} left out` : "";
  return `${approximate ? "About " : ""}${count(n, "comparable home")}${from}${without}; asking prices, ${area.replace("_", " ")} area.`;
}

const better = ({ label, price, difference }) =>
  `At ${rupees(price)}, ${exactly(Math.abs(difference))} ${difference < 0 ? "less" : "more"}, it would be “${DEALS[label]}”.`;

/** The scale ends a little beyond whatever has to be shown on it. */
function strip({ p25, median, p75 }, ours) {
  const low = Math.min(p25, ours) * 0.92;
  const high = Math.max(p75, ours) * 1.08;
  const x = (price) => (((price - low) / (high - low)) * WIDTH).toFixed(1);
  const description = `This home asks ${exactly(ours)} a sqft; half of the comparables lie between ${exactly(p25)} and ${exactly(p75)}, the median is ${exactly(median)}.`;
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} 54`, role: "img", "aria-label": description, class: "strip" },
    svg("rect", { x: 0, y: 22, width: WIDTH, height: 8, class: "scale" }),
    svg("rect", { x: x(p25), y: 18, width: x(p75) - x(p25), height: 16, class: "half" }),
    svg("line", { x1: x(median), x2: x(median), y1: 14, y2: 38, class: "median" }),
    svg("circle", { cx: x(ours), cy: 26, r: 7, class: "ours" }),
    svg("text", { x: x(median), y: 52, "text-anchor": "middle" }, `median ${exactly(median)}`),
    svg("text", { x: Math.min(Math.max(x(ours), 50), WIDTH - 50), y: 11, "text-anchor": "middle" }, `this ${exactly(ours)}`),
  );
}
