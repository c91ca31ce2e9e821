"use strict";
// The pictures of a copy: next finding, nearer, blink, whole pages. All of a finding move together.

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const mark = (element, on) => on ? element.setAttribute("aria-current", "true") : element.removeAttribute("aria-current");
const main = $("#main");
const BLINK_MS = 250, BLINK_TIMES = 40; // 2 Hz for 10 s: what moves longer, WCAG 2.2.2 wants to be stopped
const REAL_PX_MM = 96 / 25.4; // of CSS
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let blinking = 0;
let zoom = 1, shift = [0, 0];
const looks = () => $$(".look", main);
const look = () => looks().find(one => !one.hidden);

function fit() { zoom = 1; shift = [0, 0]; place(); }

function place() { // all pictures of a finding together, so that the same place stays side by side
  const stage = $(".stage", main);
  if (!stage) return;
  stage.style.setProperty("--zoom", zoom);
  stage.style.setProperty("--x", `${shift[0]}%`);
  stage.style.setProperty("--y", `${shift[1]}%`);
  stage.classList.toggle("moved", zoom !== 1 || shift[0] !== 0 || shift[1] !== 0);
  const times = sizeOfFit() * zoom, scale = $(".scale", main);
  if (scale) scale.textContent = times ? `${times.toFixed(1)} × its real size` : "";
}

function sizeOfFit() { // how many times its real size a picture is that fills its frame; 0 where nobody knows
  const frame = $(".look:not([hidden]) .frame", main), mm = Number(look()?.dataset.mm);
  return frame?.clientWidth && mm ? frame.clientWidth / mm / REAL_PX_MM : 0;
}

function realSize() { // as the page lies on the table; again: as before
  const times = sizeOfFit();
  if (!times) return say("How large this is on paper is not known.");
  if (Math.abs(times * zoom - 1) < 0.01) return fit();
  fit();
  nearer(1 / times);
}

function nearer(factor, x = 50, y = 50) {
  const to = Math.min(12, Math.max(0.25, zoom * factor)), by = to / zoom;
  shift = [x - (x - shift[0]) * by, y - (y - shift[1]) * by];
  zoom = to;
  place();
}

function finding(number) {
  stopBlinking(); page(0);
  for (const one of looks()) one.hidden = one.dataset.finding !== String(number);
  for (const button of $$(".against button", main)) mark(button, button.dataset.finding === String(number));
  fit();
}

function step(by) {
  const all = looks().map(one => Number(one.dataset.finding)), at = all.indexOf(Number(look()?.dataset.finding));
  if (all.length) finding(all[(at + by + all.length) % all.length]);
}

function page(number) { // 0: back to the finding
  const figure = $(".stage .page", main);
  if (!figure) return;
  const button = $(`.pages-strip [data-page="${number}"]`, main);
  if (button?.disabled) return say("The picture of this page is not beside the report.");
  figure.hidden = !button;
  $(".stage", main).classList.toggle("whole", Boolean(button));
  for (const other of $$(".pages-strip button", main)) mark(other, other === button);
  if (!button) return place();
  $("img", figure).src = button.dataset.src;
  $("img", figure).alt = button.dataset.said;
  $("figcaption", figure).textContent = button.dataset.said;
  button.scrollIntoView({ block: "nearest", inline: "center" });
  fit();
}

function turn(by) {
  const pages = $$(".pages-strip button:not([disabled])", main), shown = pages.findIndex(b => b.hasAttribute("aria-current"));
  if (!pages.length) return;
  const start = shown < 0 && look()?.dataset.page ? pages.findIndex(b => b.dataset.page === look().dataset.page) - (by > 0 ? 1 : -1) : shown;
  page(Number(pages[(start + by + pages.length) % pages.length].dataset.page));
}

function stopBlinking() {
  clearInterval(blinking); blinking = 0;
  $(".stage", main)?.classList.remove("stacked", "other");
  $$("[data-act=blink], [data-act=single]", main).forEach(button => button.removeAttribute("aria-pressed"));
}

function blink() {
  const stage = $(".stage", main);
  if (!stage || !look()) return;
  if (!$(".pair figure:nth-child(2)", look()) && !$(".pages .expected", look())) return say("Here is nothing to blink between.");
  page(0);
  if (blinking) return stopBlinking();
  if (calm.matches) { stage.classList.add("stacked"); return void stage.classList.toggle("other"); }
  stage.classList.add("stacked");
  $("[data-act=blink]", main)?.setAttribute("aria-pressed", "true");
  let left = BLINK_TIMES;
  blinking = setInterval(() => { stage.classList.toggle("other"); if (!--left) stopBlinking(); }, BLINK_MS);
  place();
}

function single() {
  const stage = $(".stage", main), stacked = stage?.classList.contains("stacked") && !blinking;
  stopBlinking();
  if (!stage || stacked && stage.classList.contains("other")) return;
  stage.classList.toggle("stacked", !stacked);
  $("[data-act=single]", main)?.setAttribute("aria-pressed", String(!stacked));
  place();
}

main.addEventListener("wheel", event => {
  const frame = event.target.closest(".frame, .page");
  if (!frame || !event.ctrlKey && !event.altKey) return;
  event.preventDefault();
  const box = frame.getBoundingClientRect();
  nearer(event.deltaY < 0 ? 1.25 : 0.8, 100 * (event.clientX - box.x) / box.width, 100 * (event.clientY - box.y) / box.height);
}, { passive: false });
main.addEventListener("pointerdown", event => {
  const frame = event.target.closest(".frame, .page, .look .pages a");
  if (!frame || event.button) return;
  event.preventDefault();
  const box = frame.getBoundingClientRect(), [x, y] = shift, from = event;
  const move = at => { shift = [x + 100 * (at.clientX - from.clientX) / box.width, y + 100 * (at.clientY - from.clientY) / box.height]; place(); };
  addEventListener("pointermove", move);
  addEventListener("pointerup", () => removeEventListener("pointermove", move), { once: true });
});
addEventListener("resize", place);
