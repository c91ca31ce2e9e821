"use strict";
// A person's keys and a scan gun's. A gun types at least 8 characters (or an id), 5 to 50 ms apart, and Enter. Nothing tells its
// first character from a key but what follows, so a key waits until a gun would have sent the next one.

const HOLD_MS = 90; // 50 ms and some delay on the way; a person taps single keys 120 ms apart at the fastest
const SETTLE_MS = 400; // an Enter this soon after a burst belongs to it, though it came late
const CODE = /^(?=.*\d)[\w.-]{8,}$/; // in a field, where a quick person's words end in Enter, too
const HELD = new Set(["Shift", "CapsLock", "AltGraph", "Dead", "NumLock"]); // between the characters of a gun

// `act(key)` is told of a single key, `read(text)` of what a gun or a person's Enter in a field says, `fast(text)` of a burst that is neither.
function listenToKeys({ act, read, fast }) {
  let text = "", last = -1e9, ended = -1e9, field = null, before = "", timer = 0;
  const editable = target => target.closest?.("input:not([type=checkbox]), textarea") || null;

  const clear = () => { clearTimeout(timer); text = ""; field = null; };

  const settle = () => { // no further character came in time
    const said = text, where = field;
    clear();
    if (where) return; // somebody writes
    if ([...said].length === 1) act(said);
    else { ended = performance.now(); fast(said); }
  };

  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey || HELD.has(event.key) || event.isComposing) return;
    const near = text !== "" && event.timeStamp - last <= HOLD_MS;
    if ([...event.key].length === 1) {
      const at = editable(event.target);
      if (event.key === " " && !at && !near) return; // presses the button that has the focus
      if (!at) event.preventDefault();
      if (event.repeat) return;
      if (!near) { if (text) settle(); text = ""; field = at; before = at ? at.value : ""; }
      text += event.key;
      last = event.timeStamp;
      clearTimeout(timer);
      timer = setTimeout(settle, HOLD_MS);
      return;
    }
    if (event.key === "Enter") {
      if (near && [...text].length > 1 && (!field || CODE.test(text))) { // a gun
        event.preventDefault(); event.stopImmediatePropagation();
        const said = text;
        if (field) field.value = before; // what it typed into a field is not what the person wrote
        clear();
        ended = performance.now();
        return read(said);
      }
      if (text) settle();
      if (event.repeat || performance.now() - ended < SETTLE_MS) { event.preventDefault(); return; }
      if (event.target.closest?.("button, a, summary, input, dialog")) return; // presses what has the focus
    } else if (text) settle();
    if (document.querySelector("dialog[open]") || editable(event.target) && event.key !== "Escape") return;
    if (!event.repeat || event.key.startsWith("Arrow")) act(event.key, event);
  }, true);
}
