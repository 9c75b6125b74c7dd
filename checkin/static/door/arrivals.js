// Tells a protocol phone of VIPs who were read at any door, on whichever page it shows; without a name it says where.

import { alertsIn, known, learn, tapped } from "./alerts.js";
import { ask } from "./server.js";
import { fanfare } from "./sounds.js";

/** @import { Arrival, Told } from "./alerts.js" */

const EVERY = 3000;
const KEPT = "vip-alerts";

/**
 * Ask every few seconds and show what is told in an element with `data-alerts`, whose `data-says` has the words.
 * @param {{ place: HTMLElement, name?: (badge: string | null) => string, onTold?: (told: Told) => void,
 *   onTrouble?: (error: unknown) => void }} edges
 */
export function watchArrivals({
  place,
  name = () => "",
  onTold = () => undefined,
  onTrouble = () => undefined,
}) {
  /** @type {Record<string, string>} */
  const words = JSON.parse(place.dataset.says ?? "{}");
  let alerts = alertsIn(localStorage.getItem(KEPT));
  let zone = "UTC";
  let drawn = "";

  /** @param {typeof alerts} next */
  function keep(next) {
    alerts = next;
    // Look-up ids and doors: nothing here tells a name.
    localStorage.setItem(KEPT, JSON.stringify(next));
    draw();
  }

  function draw() {
    // Only what differs: it would be read out again, and made anew beneath a finger.
    const now = JSON.stringify(alerts.shown.map((one) => [one.scan, name(one.badge)]));
    if (now === drawn) return;
    drawn = now;
    place.hidden = alerts.shown.length === 0;
    place.replaceChildren(...alerts.shown.map(card));
  }

  /** @param {Arrival} arrival */
  function card(arrival) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "vip-alert";
    button.dataset.refused = arrival.verdict === "refused" ? "yes" : "no";
    const said = arrival.verdict === "refused" ? words.refused : words.arrived;
    const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone });
    const lines = [
      ["vip-alert-name", name(arrival.badge)],
      ["vip-alert-said", (said ?? "").replace("%(door)s", arrival.door)],
      ["vip-alert-time", `${clock.format(new Date(arrival.at))} · ${words.tap ?? ""}`],
    ];
    for (const [kind, text] of lines) {
      const line = document.createElement("span");
      line.className = kind ?? "";
      line.textContent = text ?? "";
      line.dir = "auto";
      if (text) button.append(line);
    }
    button.addEventListener("click", () => keep(tapped(alerts, arrival.scan)));
    return button;
  }

  async function look() {
    try {
      const query = alerts.since ? `?since=${encodeURIComponent(alerts.since)}` : "";
      /** @type {Told} */
      const told = await ask(`/protocol/arrivals${query}`);
      zone = told.time_zone;
      const news = learn(alerts, told);
      keep(news.alerts);
      onTold(told);
      if (news.fresh.length) fanfare(localStorage.getItem("sound") !== "off");
    } catch (error) {
      onTrouble(error);
    }
  }

  async function turn() {
    await look();
    setTimeout(turn, EVERY);
  }

  turn();
  return {
    /** Names became known, or unknown. */
    draw,
    /** This phone did it itself. @param {string} scan */
    known: (scan) => keep(known(alerts, scan)),
  };
}
