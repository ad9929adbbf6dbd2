/** The pictures of a home; of an enhanced one both versions, with a slider between them. */

import { h } from "../dom.js";
import { spelled } from "../words.js";

export function gallery({ images, title }) {
  if (!images.length) return null;
  const stage = h("div", { class: "stage" }, staged(images[0], title));
  const thumbnails = images.map((image, place) =>
    h(
      "button",
      { type: "button", "aria-label": `${spelled(image.image_type)} ${place + 1} of ${images.length}`, onclick: () => stage.replaceChildren(staged(image, title)) },
      h("img", { src: image.thumbnail_url ?? image.url, alt: "", width: 96, height: 72, loading: "lazy" }),
    ),
  );
  return h("section", { class: "gallery", "aria-label": "Pictures" }, stage, images.length > 1 ? h("div", { class: "thumbnails" }, thumbnails) : null);
}

function staged(image, title) {
  const alt = `${spelled(image.image_type)} of ${title}`;
  const before = h("img", { src: image.url, alt });
  return image.enhanced_url ? compared(before, image.enhanced_url, alt) : before;
}

function compared(before, enhanced, alt) {
  const after = h("img", { src: enhanced, alt: `${alt}, enhanced`, class: "after" });
  const slider = h("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": "How much of the enhanced picture is shown" });
  const reveal = () => after.style.setProperty("clip-path", `inset(0 0 0 ${100 - slider.value}%)`);
  slider.addEventListener("input", reveal);
  reveal();
  return h("figure", { class: "compared" }, before, after, slider, h("figcaption", { class: "quiet" }, "Left: as taken. Right: enhanced by software."));
}
