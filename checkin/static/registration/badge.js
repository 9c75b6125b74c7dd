// What the preview of a badge shows, from what is typed.

/**
 * The texts of a badge by their names; a choice shows its text, not its value.
 * @param {Iterable<Element>} fields
 * @returns {Record<string, string>}
 */
export function faceOf(fields) {
  /** @type {Record<string, string>} */
  const face = {};
  for (const field of fields) {
    if (!(field instanceof HTMLElement)) continue;
    const name = field.dataset.badge ?? "";
    if (field instanceof HTMLSelectElement)
      face[name] = field.value ? (field.selectedOptions[0]?.text ?? "") : "";
    else if (field instanceof HTMLInputElement) face[name] = field.value.trim();
  }
  return face;
}

/**
 * How large a name is drawn, in rem: as on the badge, long ones are smaller.
 * @param {string} name
 */
export function sizeOf(name) {
  // Han, kana and Hangul are about twice as wide as other letters.
  const width = [...name].reduce(
    (sum, letter) => sum + (/[\u1100-\u11ff\u3040-\u9fff\uac00-\ud7af]/.test(letter) ? 2 : 1),
    0,
  );
  return Math.round(Math.min(1.6, Math.max(0.95, 34 / Math.max(width, 1))) * 100) / 100;
}
