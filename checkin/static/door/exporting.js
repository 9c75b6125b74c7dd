// The phone's queue as a file, for a phone that can't get online again; an organiser imports it.

/** @import { Phone } from "./types.js" */
/** @import { Decision, Kept, Undoing } from "./store.js" */

/**
 * All that this phone has scanned, in the form in which `POST /scans` takes it. It holds look-up ids, nobody's name.
 * @param {{ phone: Phone, code: string, epoch: string, scans: Kept[], decisions: Decision[], voids: Undoing[],
 *   at: number }} known
 */
export function queueFile({ phone, code, epoch, scans, decisions, voids, at }) {
  const { id, name } = phone.device;
  return {
    format: "checkin-queue",
    version: 1,
    event: code,
    epoch,
    device: { id, name },
    exported_at: new Date(at).toISOString(),
    scans: scans
      .sort((one, other) => one.seq - other.seq)
      .map(({ done: _, judged: __, undone: ___, former: ____, ...scan }) => scan),
    decisions,
    voids,
  };
}

/**
 * Hand a file over: to another app where the phone can share files, else as a download.
 * @param {unknown} content
 * @param {string} name
 */
export async function handOver(content, name) {
  const file = new File([JSON.stringify(content)], name, { type: "application/json" });
  if (navigator.canShare?.({ files: [file] })) {
    await navigator.share({ files: [file] }).catch(() => undefined);
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
