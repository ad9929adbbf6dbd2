/** The query box: places while somebody types, and what was understood of it as chips. */

import { get, newest } from "../api.js";
import { h, show } from "../dom.js";
import { described, named } from "../words.js";
import { chip } from "./facets.js";

const complete = newest((query, signal) => get("search/suggest", query, signal));

export class QueryBox {
  #input;
  #list;
  #choose;
  #ask;

  /** `ask(text)` searches for what is typed, `choose(search)` for what a suggestion stands for. */
  constructor(form, input, list, { ask, choose }) {
    [this.#input, this.#list, this.#ask, this.#choose] = [input, list, ask, choose];
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#close();
      ask(input.value.trim());
    });
    input.addEventListener("input", () => this.#suggest());
    input.addEventListener("keydown", (event) => this.#move(event));
    input.addEventListener("blur", () => this.#close());
  }

  listingType = "sale";

  set text(words) {
    if (document.activeElement !== this.#input || !words) this.#input.value = words;
  }

  async #suggest() {
    const typed = this.#input.value.trim();
    if (!typed) return this.#close();
    const found = await complete({ q: typed, listing_type: this.listingType, limit: 6 }).catch(() => null);
    if (!found || this.#input.value.trim() !== typed) return;
    show(this.#list, found.items.map((item, place) => this.#option(item, place)));
    this.#input.setAttribute("aria-expanded", String(found.items.length > 0));
    this.#input.removeAttribute("aria-activedescendant");
  }

  #option(item, place) {
    const pick = (event) => {
      event.preventDefault();
      this.#close();
      this.#input.value = "";
      this.#choose(item.search);
    };
    return h(
      "li",
      { id: `completion-${place}`, role: "option", "aria-selected": "false", onmousedown: pick },
      item.label,
      h("span", { class: "count" }, ` ${item.count}`),
    );
  }

  /** Up and Down choose a suggestion, Enter takes it, Escape closes the list. */
  #move(event) {
    const options = [...this.#list.children];
    const now = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "Escape") this.#close();
    else if (event.key === "Enter" && now >= 0) options[now].dispatchEvent(new MouseEvent("mousedown", { cancelable: true }));
    else if (options.length && event.key === "ArrowDown") this.#mark(options, (now + 1) % options.length);
    else if (options.length && event.key === "ArrowUp") this.#mark(options, (Math.max(now, 0) - 1 + options.length) % options.length);
    else return;
    if (event.key !== "Escape") event.preventDefault();
  }

  #mark(options, place) {
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === place)));
    this.#input.setAttribute("aria-activedescendant", options[place].id);
  }

  #close() {
    show(this.#list);
    this.#input.setAttribute("aria-expanded", "false");
    this.#input.removeAttribute("aria-activedescendant");
  }
}

/** What was read from the words; taking a chip away takes its words away. */
export function showUnderstood(place, text, understood, ask) {
  const letters = [...text]; // spans count code points
  const without = ({ start, end }) => [...letters.slice(0, start), ...letters.slice(end)].join("").replaceAll(/\s+/g, " ").trim();
  const chips = (understood?.spans ?? []).map((span) => chip(label(span), () => ask(without(span))));
  const rest = understood?.text_rest ? h("span", { class: "quiet" }, `and the words “${understood.text_rest}”`) : null;
  const kept = (understood?.conflicts ?? []).map((conflict) => h("span", { class: "quiet" }, overruled(conflict)));
  show(place, chips.length || rest ? [h("span", { class: "quiet" }, "Understood:"), chips, rest, kept] : []);
}

const overruled = ({ field, given, read }) =>
  `The filter holds (${named(field)}: ${described(field, given)}), not the words (${described(field, read)}).`;

const label = ({ field, value, assumed }) => `${named(field)}: ${described(field, value)}${assumed ? " (assumed)" : ""}`;
