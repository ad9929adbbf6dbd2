/** Which way a home looks, as a compass, and how that reads by tradition. */

import { h, svg } from "../dom.js";
import { spelled } from "../words.js";

const DIRECTIONS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];
const RADIUS = 40;

export function compass(facing, vastu) {
  if (!facing && vastu.score === null) return null;
  return h(
    "section",
    { class: "compass", "aria-label": "Facing and vastu" },
    h("h3", {}, "Facing and vastu"),
    facing && drawn(facing),
    facing && h("p", {}, `Faces ${facing.label}${facing.sun ? `: ${facing.sun} sun` : ""}.`),
    score(vastu),
    (vastu.rules ?? []).length ? h("ul", { class: "rules" }, vastu.rules.map(rule)) : null,
    h("p", { class: "quiet" }, "Vastu is a traditional guideline, not a promise."),
  );
}

const score = ({ score: points, coverage }) =>
  h("p", {}, points === null ? "Too little is known for a vastu score." : `Vastu ${points} of 100, from ${coverage} % of the rules.`);

const rule = ({ room, verdict, sentence }) =>
  h("li", { class: `verdict ${verdict}` }, h("strong", {}, spelled(verdict)), ` ${sentence ?? spelled(room ?? "")}`);

function drawn({ degrees, label }) {
  return svg(
    "svg",
    { viewBox: "-60 -60 120 120", role: "img", "aria-label": `Compass: the front faces ${label}` },
    svg("circle", { r: RADIUS, class: "rose" }),
    DIRECTIONS.map((name, place) => svg("text", at(place * 45, RADIUS + 11), name)),
    svg("path", { d: "M0 -38 L7 0 L0 6 L-7 0 Z", transform: `rotate(${degrees})`, class: "needle" }),
  );
}

function at(degrees, radius) {
  const angle = (degrees * Math.PI) / 180;
  return { x: (Math.sin(angle) * radius).toFixed(1), y: (-Math.cos(angle) * radius + 4).toFixed(1), "text-anchor": "middle" };
}
