// A sound and a tremble for each verdict, told apart without looking.

/** @import { Tone } from "./verdicts.js" */

/** Notes as [hertz, seconds from the beginning, seconds long], and the tremble in milliseconds. */
/** @type {Record<Tone, { notes: [number, number, number][], wave: OscillatorType, tremble: number[] }>} */
const SOUNDS = {
  green: {
    notes: [
      [880, 0, 0.09],
      [1320, 0.09, 0.14],
    ],
    wave: "sine",
    tremble: [40],
  },
  blue: { notes: [[990, 0, 0.12]], wave: "sine", tremble: [40] },
  grey: {
    notes: [
      [660, 0, 0.08],
      [440, 0.08, 0.1],
    ],
    wave: "sine",
    tremble: [30],
  },
  amber: {
    notes: [
      [520, 0, 0.16],
      [520, 0.24, 0.16],
    ],
    wave: "square",
    tremble: [120, 80, 120],
  },
  red: {
    notes: [
      [220, 0, 0.22],
      [165, 0.22, 0.4],
    ],
    wave: "sawtooth",
    tremble: [300, 100, 300],
  },
};

/** @type {(typeof SOUNDS)[Tone]} */
const FANFARE = {
  notes: [
    [523, 0, 0.14],
    [659, 0.15, 0.14],
    [784, 0.3, 0.14],
    [1047, 0.45, 0.4],
  ],
  wave: "triangle",
  tremble: [80, 60, 80, 60, 300],
};

/** @type {AudioContext | null} */
let context = null;

/** Within a tap: browsers let nothing sound before one. */
export function wakeSounds() {
  const session = /** @type {any} */ (navigator).audioSession;
  // On an iPhone the mute switch would silence the door.
  if (session) session.type = "playback";
  context ??= new AudioContext();
  context.resume().catch(() => undefined);
}

/** @param {Tone} tone @param {boolean} loud */
export function signal(tone, loud) {
  play(SOUNDS[tone], loud);
}

/** A VIP has arrived: like no verdict. @param {boolean} loud */
export function fanfare(loud) {
  play(FANFARE, loud);
}

/** @param {typeof FANFARE} sound @param {boolean} loud */
function play({ notes, wave, tremble }, loud) {
  navigator.vibrate?.(tremble);
  if (!loud || context?.state !== "running") return;
  for (const [pitch, from, long] of notes) {
    const note = new OscillatorNode(context, { type: wave, frequency: pitch });
    const volume = new GainNode(context, { gain: 0.25 });
    note.connect(volume).connect(context.destination);
    note.start(context.currentTime + from);
    note.stop(context.currentTime + from + long);
  }
}
