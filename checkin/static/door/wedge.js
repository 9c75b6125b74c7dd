// A hand scanner that types: a burst of letters faster than any finger, ended by Enter.

/** No finger types two letters within so few milliseconds, over and over. */
export const BURST = 60;
const SHORTEST = 6;
const LONGEST = 500;

/**
 * Collects letters and says what a scanner typed.
 * @returns {(key: string, at: number) => string} the text at its Enter, else nothing
 */
export function bursts() {
  let text = "";
  let last = 0;
  return (key, at) => {
    if (at - last > BURST) text = "";
    last = at;
    if (key === "Enter") {
      const typed = text;
      text = "";
      return typed.length >= SHORTEST ? typed : "";
    }
    if (key.length === 1 && text.length < LONGEST) text += key;
    return "";
  };
}

/** @param {(text: string) => void} onRead */
export function listenToWedge(onRead) {
  const collect = bursts();
  addEventListener(
    "keydown",
    (event) => {
      // Where somebody types, the field is theirs.
      if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
      const text = collect(event.key, event.timeStamp);
      if (!text) return;
      // The Enter would press the button that has the focus.
      event.preventDefault();
      onRead(text);
    },
    { capture: true },
  );
}
