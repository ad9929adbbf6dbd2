/** The three questions: every option says how many homes it would leave. */

import { newest, post } from "../api.js";
import { h, show } from "../dom.js";
import { changed, isGuided } from "../search.js";
import { count } from "../words.js";

const FIELD = { budget: "price", property_type: "property_type", bhk: "bhk", locality: "locality" };

const guided = newest((body, signal) => post("search/guided", body, { signal }));

export async function showQuestions(place, search, skipped, { choose, skip }) {
  if (!isGuided(search)) return show(place);
  const answer = await guided(request(search, skipped));
  if (answer)
    show(
      place,
      answer.answered.map((question) => fieldset(question, search, choose)),
      answer.question && fieldset(answer.question, search, choose, skip),
    );
}

function request(search, skipped) {
  const answers = { property_type: search.property_type, bhk: search.bhk, locality: search.locality };
  return {
    listing_type: search.listing_type,
    answers: search.price ? { ...answers, budget: search.price } : answers,
    skipped,
    page_size: 1,
    suggest: false,
  };
}

function fieldset(question, search, choose, skip = null) {
  const options = question.options.map((option) => button(question, option, search, choose));
  return h(
    "fieldset",
    { class: skip ? "question asked" : "question" },
    h("legend", {}, question.text),
    h(
      "div",
      { class: "options" },
      options,
      question.other_count ? h("span", { class: "quiet" }, `${count(question.other_count, "home")} elsewhere`) : null,
      skip && question.skippable && h("button", { type: "button", class: "plain", onclick: () => skip(question.id) }, "Skip"),
    ),
  );
}

/** A chosen option is pressed; pressed again it chooses nothing. */
function button(question, option, search, choose) {
  const field = FIELD[question.id];
  const value = option.selected ? null : field === "price" ? rangeOf(option.value) : [option.value];
  return h(
    "button",
    {
      type: "button",
      id: `option-${question.id}-${option.value}`,
      "aria-pressed": option.selected ? "true" : "false",
      disabled: option.count === 0 && !option.selected,
      onclick: () => choose(changed(search, field, value)),
    },
    option.label,
    " ",
    h("span", { class: "count" }, option.count.toLocaleString("en-IN")),
  );
}

/** A band's id, `4000000-6000000`, stands for [from, to). */
function rangeOf(band) {
  const [from, to] = band.split("-");
  return { ...(from && { min: Number(from) }), ...(to && { max: Number(to) - 1 }) };
}
