// SPDX-License-Identifier: Apache-2.0
// What a person who cannot see the page, or sees it badly, would miss: names of controls, contrast of text, order of headings.
// Sources: WCAG 2.2, success criteria 1.1.1, 1.3.1, 1.4.3, 2.4.6, 4.1.2.
const problems = [];
const seen = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden";

const nameOf = (element) => {
  const by = element.getAttribute("aria-labelledby");
  if (by) return by.split(" ").map((id) => (document.getElementById(id) || {}).textContent || "").join(" ").trim();
  if (element.getAttribute("aria-label")) return element.getAttribute("aria-label").trim();
  if (element.labels && element.labels.length) return [...element.labels].map((label) => label.textContent).join(" ").trim();
  if (element.tagName === "IMG") return element.alt.trim();
  return element.textContent.trim();
};
for (const element of document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, [role=img], [role=region], [role=log], [tabindex='0']:not(pre)")) {
  if (seen(element) && !nameOf(element)) problems.push("no name: " + element.outerHTML.slice(0, 120));
}
for (const image of document.querySelectorAll("img")) if (!image.hasAttribute("alt")) problems.push("no alt: " + image.src);
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) problems.push("id twice: " + id);
if (!document.documentElement.lang) problems.push("no language");
if (document.querySelectorAll("main").length !== 1) problems.push("not one main");
let level = 0;
for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1) problems.push("heading skipped before: " + heading.textContent.trim());
  level = next;
}

const number = (text) => (text.match(/[\d.]+/g) || []).map(Number);
const luminance = (color) => {
  const [r, g, b] = color.slice(0, 3).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const backOf = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = number(getComputedStyle(at).backgroundColor);
    if (color.length === 3 || color[3] > 0.99) return color;
  }
  return [255, 255, 255];
};
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !seen(element) || element.closest("[hidden]") || element.classList.contains("skip")) continue;
  const style = getComputedStyle(element);
  const isDrawn = element instanceof SVGElement;
  if (isDrawn && element.tagName === "title") continue;
  const text = number(isDrawn ? style.fill : style.color);
  const [high, low] = [luminance(text), luminance(backOf(element))].sort((a, b) => b - a);
  const ratio = (high + 0.05) / (low + 0.05);
  const size = parseFloat(style.fontSize);
  const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  if (ratio < needed) problems.push("contrast " + ratio.toFixed(2) + ": " + element.tagName + "." + element.getAttribute("class") + " " + element.textContent.trim().slice(0, 40));
}
return problems;
