/** Elements made by calls: h("button", {type: "button", onclick: go}, "Go"). */

const SVG = "http://www.w3.org/2000/svg";

export const h = (name, attributes = {}, ...children) =>
  filled(document.createElement(name), attributes, children);

export const svg = (name, attributes = {}, ...children) =>
  filled(document.createElementNS(SVG, name), attributes, children);

/** An attribute that is null or false is left out; a child that is null or false as well. */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter(isThere));
  return element;
}

const isThere = (child) => child !== null && child !== undefined && child !== false;

/** Put new content in a place, hide it when there is none, and leave the keyboard where it was. */
export function show(place, ...content) {
  const children = content.flat(Infinity).filter(isThere);
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.replaceChildren(...children);
  place.hidden = children.length === 0;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

export const byId = (id) => document.getElementById(id);
