/** The form by which a visitor asks about a home. */

import { post, Problem, token } from "../api.js";
import { h } from "../dom.js";

const CONSENT = "I agree that CasaBricks keeps what I send here and passes it to the person who offers this home, so that they can answer me.";
const CONSENT_VERSION = "2026-11";

const FIELDS = [
  { name: "full_name", label: "Your name", autocomplete: "name", maxlength: 120, required: true },
  { name: "phone", label: "Phone", type: "tel", autocomplete: "tel", maxlength: 40, required: true },
  { name: "email", label: "Email (optional)", type: "email", autocomplete: "email", maxlength: 254 },
];

export function inquiryForm(property) {
  const key = token(); // pressed twice, it is sent once
  const status = h("p", { role: "status" });
  const form = h(
    "form",
    { class: "inquiry", "aria-label": "Ask about this home", novalidate: true },
    h("h3", {}, "Ask about this home"),
    FIELDS.map(field),
    labelled("message", "Message", h("textarea", { id: "inquiry-message", name: "message", rows: 3, maxlength: 2000 })),
    h("label", { class: "trap", "aria-hidden": "true" }, "Leave this empty", h("input", { name: "left_blank", tabindex: -1, autocomplete: "off" })),
    h("div", { class: "consent" }, labelled("consent", CONSENT, h("input", { type: "checkbox", id: "inquiry-consent", name: "consent" }))),
    h("button", { type: "submit" }, "Send"),
    status,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    markWrong(form, []);
    status.textContent = "Sending …";
    try {
      await post("inquiries", written(form, property), { headers: { "idempotency-key": key } });
      form.replaceChildren(h("p", { role: "status", tabindex: -1 }, "Sent. You will be called back."));
      form.firstChild.focus();
    } catch (error) {
      status.textContent = error instanceof Problem ? error.message : "The message could not be sent; try again shortly.";
      markWrong(form, error.fields ?? []);
    }
  });
  return form;
}

const field = ({ name, label, ...attributes }) => labelled(name, label, h("input", { id: `inquiry-${name}`, name, ...attributes }));

const labelled = (name, label, control) =>
  h("div", { class: "field" }, h("label", { for: control.id }, label), control, h("p", { class: "wrong", id: `wrong-${name}`, hidden: true }));

function written(form, property) {
  const given = Object.fromEntries(new FormData(form));
  return {
    property_id: property,
    full_name: given.full_name,
    phone: given.phone,
    ...(given.email && { email: given.email }),
    message: given.message,
    consent: given.consent === "on",
    consent_text_version: CONSENT_VERSION,
    source: "explore",
    ...(given.left_blank && { left_blank: given.left_blank }),
  };
}

/** Each wrong field is told what is wrong with it, and the first gets the keyboard. */
function markWrong(form, errors) {
  for (const control of form.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
  for (const sentence of form.querySelectorAll(".wrong")) sentence.hidden = true;
  for (const { pointer, detail } of errors) {
    const control = form.elements[pointer.slice(2)];
    const sentence = form.querySelector(`#wrong-${CSS.escape(pointer.slice(2))}`);
    if (!control || !sentence) continue;
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", sentence.id);
    sentence.textContent = `This ${detail}.`;
    sentence.hidden = false;
  }
  form.querySelector("[aria-invalid]")?.focus();
}
