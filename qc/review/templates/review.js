"use strict";
// The page of `qc review`: shows one copy after the other and posts decisions. It waits for the answer before it goes on, so that what
// was decided is in the store; addresses and keys go by id, never by place in a list.

const base = document.body.dataset.base;
const AHEAD = 2; // copies that are made ready
const POLL_MS = 3000;
const PATIENCE_MS = 20000; // with a server that hangs

let queue = JSON.parse(document.body.dataset.queue);
let busy = false, ticket = null;
const parts = new Map(); // id -> promise of the text of its page
const notes = new Map(); // id -> line that was begun
const kept = (key, otherwise) => JSON.parse(sessionStorage.getItem(key) ?? JSON.stringify(otherwise));
const keep = (key, value) => sessionStorage.setItem(key, JSON.stringify(value));
let done = kept("done", []), skipped = new Set(kept("skipped", []));

// --- the copy that is looked at

const article = () => $("article.copy", main);
const current = () => article()?.dataset.copy ?? null;
const entry = copy => queue.copies.find(([id]) => id === copy);

async function ask(path, post) {
  const options = { signal: AbortSignal.timeout(PATIENCE_MS) };
  if (post) Object.assign(options, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(post) });
  let answer;
  try { answer = await fetch(base + path, options); } catch { throw Error("qc review does not answer. It was ended, or the machine slept: start it again. What was decided is kept."); }
  if (!answer.ok) {
    const text = await answer.text();
    throw Error(text.startsWith("{") ? JSON.parse(text).fault : text.slice(0, 300));
  }
  return answer;
}

function part(copy) {
  if (!parts.has(copy)) {
    const path = copy === null ? `end?part=1&list=${queue.list}` : `copies/${encodeURIComponent(copy)}/?part=1&list=${queue.list}`;
    const text = ask(path).then(answer => answer.text());
    text.catch(() => parts.delete(copy));
    if (copy === null) return text;
    parts.set(copy, text);
  }
  return parts.get(copy);
}

// Pictures are decoded ahead, too: what is kept here is shown at once.
const ready = new Map();
async function prefetch(copy) {
  const html = new DOMParser().parseFromString(await part(copy), "text/html");
  const pictures = $$(".look img", html).slice(0, 4).map(picture => { const image = new Image(); image.src = picture.getAttribute("src"); image.decode().catch(() => {}); return image; });
  ready.set(copy, pictures);
  for (const old of [...ready.keys()].slice(0, -4)) ready.delete(old);
}

const ours = seen => seen && done.some(d => d.decided?.some(([, decision]) => decision === seen)); // is for another person now
function follow(copy, count = 1) { // the next that wait: behind this one, then from the start; those skipped come last
  const at = queue.copies.findIndex(([id]) => id === copy) + 1;
  const turned = [...queue.copies.slice(at), ...queue.copies.slice(0, at)].filter(([id, seen, waits]) => waits && id !== copy && !ours(seen)).map(([id]) => id);
  return [...turned.filter(id => !skipped.has(id)), ...turned.filter(id => skipped.has(id))].slice(0, count);
}

let shows = 0;
async function show(copy) {
  const turn = ++shows;
  const text = await part(copy).catch(fault => { say(fault.message, true); return null; });
  if (text === null || turn !== shows) return; // a gun was quicker
  stopBlinking();
  const note = $("#note");
  if (note && current()) notes.set(current(), note.value);
  main.innerHTML = text;
  if ($("#note")) $("#note").value = notes.get(copy) ?? "";
  document.title = `${copy ?? "Done"} · qc review`;
  history.replaceState(null, "", copy === null ? `${base}?list=${queue.list}` : `${base}copies/${encodeURIComponent(copy)}/?list=${queue.list}`);
  scrollTo(0, 0);
  $("h1", main)?.focus({ preventScroll: true });
  fit();
  refresh();
  for (const next of follow(copy, AHEAD)) prefetch(next).catch(() => {});
}

const next = (order = follow(current(), Infinity)) => show(order.find(id => entry(id)?.[2]) ?? follow(null)[0] ?? null);

// --- what others do

function take(state) {
  const known = new Map(queue.copies.map(([id, seen]) => [id, seen]));
  for (const [id, seen] of state.copies) if (known.get(id) !== seen) parts.delete(id);
  if (state.version !== queue.version) for (const id of parts.keys()) if (id !== current() && !ready.has(id)) parts.delete(id);
  queue = state;
  refresh();
}

async function poll() {
  if (document.hidden || busy) return;
  try {
    const state = await (await ask(`queue?list=${queue.list}`)).json();
    if (busy || state.version === queue.version) return;
    take(state);
    const here = entry(current());
    if (here && String(here[1]) !== article().dataset.seen) { await show(current()); say(`Somebody else decided ${current()} just now.`); }
  } catch (fault) { say(fault.message, true); }
}

function refresh() {
  const left = queue.needs ? `${queue.needs} need${queue.needs === 1 ? "s" : ""} you` : "none needs you";
  const again = queue.again ? `, ${queue.again} to scan again` : "";
  $("#progress .said").textContent = `${queue.decided} of ${queue.total}, ${left}${again}`;
  $("#progress .meter span").style.width = `${100 * queue.decided / Math.max(queue.total, 1)}%`;
  $("#who").textContent = who() || "Who are you?";
  for (const link of $$("[data-list]")) mark(link, link.dataset.list === queue.list);
  const of = ticket?.copy ?? current();
  const copy = $("#last [data-act=copy]");
  copy.hidden = !ticket;
  if (ticket) copy.firstChild.textContent = `Copy ticket of ${of} `;
  $("#last [data-act=undo]").disabled = !done.length && !Number(article()?.dataset.seen);
}

function say(text, fault = false) {
  const said = $("#said");
  said.textContent = text;
  said.classList.toggle("fault", fault);
}

// --- decisions

const who = () => localStorage.getItem("by") || document.body.dataset.by;

function name() {
  return new Promise(resolve => {
    const dialog = $("#name");
    $("#by").value = who();
    dialog.onclose = () => {
      const given = $("#by").value.trim();
      if (given) localStorage.setItem("by", given);
      refresh();
      resolve(given);
    };
    dialog.showModal();
    $("#by").select();
  });
}

const lookedAt = () => ({ copy: current(), inspection: Number(article().dataset.inspection), seen: Number(article().dataset.seen) });

async function once(work) { // a key that comes while the last one is written is not meant for the copy that follows
  if (busy) return;
  busy = true;
  document.body.classList.add("busy");
  try { await work(); } catch (fault) { say(fault.message, true); } finally { busy = false; document.body.classList.remove("busy"); }
}

async function decide(outcome, { code = "", reason = $("#note")?.value.trim() ?? "", copies = [lookedAt()], word } = {}) {
  const by = who() || await name();
  if (!by) return say("Nothing was decided: a decision needs a name.", true);
  if (outcome !== article()?.dataset.outcome && article()?.dataset.outcome && !code && !reason && !["needs-review", "insufficient-evidence"].includes(article().dataset.outcome)) {
    $("#note").focus();
    return say("You disagree with qc: press the number of a reason, or write a line and decide again.", true);
  }
  const here = current(), order = follow(here, Infinity); // a copy leaves the list with its decision
  await once(async () => {
    const answer = await (await ask(`decide?list=${queue.list}`, { by, outcome, code, reason, copies })).json();
    for (const { copy } of [...answer.done, ...answer.refused]) { parts.delete(copy); notes.delete(copy); skipped.delete(copy); }
    if ($("#note") && here === current()) $("#note").value = "";
    if (answer.done.length) {
      done.push({ decided: answer.done.map(d => [d.copy, d.decision]) });
      keep("done", done = done.slice(-500));
      ticket = answer.done.length === 1 ? answer.done[0] : null;
    }
    take(answer.queue);
    const refused = answer.refused.map(r => r.why).join(" "), moved = here !== current(); // by a gun
    if (refused) { if (!moved) await (article() ? show(here) : list()); return say(refused, true); }
    if (!moved) await (article() ? next(order) : list());
    say(`${answer.done.length === 1 ? answer.done[0].copy : `${answer.done.length} copies`}: ${word ?? outcome.replace("-", " ")}, by ${by}.`);
  });
}

async function undo() {
  const lastOne = done.at(-1), here = article() && Number(article().dataset.seen) ? [[current(), Number(article().dataset.seen)]] : null;
  if (lastOne?.skipped) {
    skipped.delete(lastOne.skipped); keep("skipped", [...skipped]);
    done.pop(); keep("done", done);
    await show(lastOne.skipped);
    return say(`${lastOne.skipped} is not skipped any more.`);
  }
  const decided = lastOne?.decided ?? here;
  if (!decided) return say("There is nothing to undo.");
  const by = who() || await name();
  if (!by) return;
  await once(async () => {
    const copies = [];
    for (const [copy, seen] of decided) {
      const text = await (parts.delete(copy), part(copy));
      const at = $("article.copy", new DOMParser().parseFromString(text, "text/html"));
      copies.push({ copy, seen, inspection: Number(at?.dataset.inspection) });
    }
    const answer = await (await ask(`undo?list=${queue.list}`, { by, copies })).json();
    if (lastOne) { done.pop(); keep("done", done); }
    for (const [copy] of decided) parts.delete(copy);
    ticket = null;
    take(answer.queue);
    await show(decided[0][0]);
    const refused = answer.refused.map(r => r.why).join(" ");
    if (refused) return say(refused, true);
    say(`Taken back: ${answer.done.map(d => d.copy).join(", ")}. Its rows stay in the store.`);
  });
}

function skip() {
  skipped.add(current()); keep("skipped", [...skipped]);
  done.push({ skipped: current() }); keep("done", done);
  const copy = current();
  return next().then(() => say(`${copy} comes back at the end.`));
}

async function find(code) {
  const found = await (await ask(`find?code=${encodeURIComponent(code)}`)).json();
  if (found.copy) await show(found.copy);
  say(found.said || `${found.copy}`, !found.copy);
}

async function list(named = queue.list) {
  if (named !== queue.list) { parts.clear(); take(await (await ask(`queue?list=${named}`)).json()); }
  const at = $(".pattern a", main)?.hash;
  stopBlinking();
  main.innerHTML = await (await ask(`list?part=1&list=${named}`)).text();
  history.replaceState(null, "", `${base}list?list=${named}`);
  document.title = "List · qc review";
  const group = at && document.getElementById(at.slice(1));
  if (group) { group.open = true; group.scrollIntoView(); $("summary", group).focus(); } else $("h1", main).focus();
  refresh();
}

// --- keys and buttons

const acts = {
  agree: () => decide(article().dataset.outcome, { word: "agreed" }),
  defect: () => decide("defect"),
  "no-defect": () => decide("no-defect"),
  code: button => decide(button.dataset.outcome, { code: button.dataset.code }),
  rescan: () => decide("needs-review", { code: "rescan", word: "to be scanned again" }),
  skip, undo, help: () => $("#help").showModal(), blink, single,
  next: () => step(1), before: () => step(-1),
  nearer: () => nearer(1.5), farther: () => nearer(1 / 1.5), real: realSize, fit: () => { page(0); stopBlinking(); fit(); },
  whole: () => $(".stage .page", main)?.hidden ? page(Number(look()?.dataset.page) || 1) : page(0),
  finding: button => finding(Number(button.dataset.finding)),
  page: button => button.hasAttribute("aria-current") ? page(0) : page(Number(button.dataset.page)),
  right: () => turn(1), left: () => turn(-1),
  note: () => $("#note")?.focus(),
  copy: () => ticket && navigator.clipboard.writeText(ticket.ticket).then(() => say(`The ticket of ${ticket.copy} is in the clipboard.`), () => say(ticket.ticket)),
  list: () => list($(".pattern a", main) && queue.list === "decided" ? "open" : undefined),
  together: button => {
    const group = button.closest("details"), ticks = $$(".tick:checked", group);
    if (!ticks.length) return say("Tick the copies that are alike first.", true);
    const copies = ticks.map(tick => ({ copy: tick.value, inspection: Number(tick.dataset.inspection), seen: Number(tick.dataset.seen) }));
    return decide(button.dataset.outcome, { copies, reason: $(".why-together", group).value.trim() || `Seen together: ${$("summary", group).textContent.trim()}` });
  },
};
const KEYS = {
  Enter: "agree", a: "agree", d: "defect", f: "no-defect", r: "rescan", 0: "rescan", s: "skip", PageDown: "skip", u: "undo", z: "undo",
  w: "next", ArrowDown: "next", q: "before", ArrowUp: "before", b: "blink", v: "single", e: "nearer", x: "farther", y: "real", Escape: "fit",
  g: "whole", ArrowRight: "right", ArrowLeft: "left", t: "note", c: "copy", l: "list", "?": "help", h: "help",
};
const OF_A_COPY = new Set(["agree", "defect", "no-defect", "rescan", "skip", "next", "before", "right", "left"]);
const singleKeys = () => localStorage.getItem("single") !== "off";

function press(key, event) {
  if (!singleKeys() && key !== "Escape" || document.querySelector("dialog[open]")) return;
  const code = /^[1-9]$/.test(key) && $(`[data-act=code][data-key="${key}"]`, main);
  const act = code ? "code" : KEYS[key.length === 1 ? key.toLowerCase() : key];
  if (!act || OF_A_COPY.has(act) && !article() || act === "agree" && !$("[data-act=agree]", main)) {
    if (act === "agree" && article()) say("qc leaves this one to you: press D for defect, F for no defect, or the number of a reason.");
    return;
  }
  event?.preventDefault();
  acts[act](code || undefined);
}

listenToKeys({
  act: press,
  read: code => find(code).catch(fault => say(fault.message, true)),
  fast: text => say(`“${text}” came too fast for keys: nothing was done.`),
});

document.addEventListener("click", event => {
  const button = event.target.closest("[data-act]");
  if (button && !button.disabled) {
    event.preventDefault();
    if (event.detail) button.blur(); // after the mouse, Enter is for the copy again
    return void acts[button.dataset.act](button);
  }
  const link = event.target.closest("a[data-copy], a[data-list], a[data-go]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.dataset.copy) show(link.dataset.copy);
  else if (link.dataset.list) list(link.dataset.list);
  else location.href = link.href;
});

document.addEventListener("change", event => {
  if (event.target.matches(".tick")) {
    const group = event.target.closest("details"), count = $$(".tick:checked", group).length;
    $(".count", group).textContent = count ? `${count} ticked.` : "None ticked.";
  }
});
$("#single").checked = singleKeys();
$("#single").onchange = event => localStorage.setItem("single", event.target.checked ? "on" : "off");
$("#who").onclick = () => name();
$("#find").onsubmit = event => {
  event.preventDefault();
  const code = $("#code").value.trim();
  $("#code").value = "";
  if (code) find(code).catch(fault => say(fault.message, true));
};
main.addEventListener("keydown", event => { // a line that was written is kept for the decision that follows
  if (event.target.id === "note" && ["Enter", "Escape"].includes(event.key)) { event.preventDefault(); event.target.blur(); }
});

refresh();
fit();
for (const copy of follow(current(), AHEAD)) prefetch(copy).catch(() => {});
setInterval(poll, POLL_MS);
if (!who()) say("Say who decides: press the button at the top, or decide and you are asked.");
