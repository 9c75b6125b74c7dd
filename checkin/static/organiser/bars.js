// The bars of a day: today's doors upon each other, the day before beside them.

/** @typedef {import("uplot")} Plot */
/** @typedef {import("uplot").Series.BarsPathBuilderFactory} BarPaths */
/** @typedef {{ name: string, counts: number[] }} Series */
/** @typedef {{ labels: string[], series: Series[], before: number[] | null }} Bars */

/**
 * Each series with those beneath it added, the tallest first: what is drawn later covers what is beneath.
 * @param {Series[]} series
 * @returns {number[][]}
 */
export function stacked(series) {
  /** @type {number[][]} */
  const sums = [];
  for (const { counts } of series) {
    const below = sums.at(-1);
    sums.push(counts.map((count, at) => count + (below?.[at] ?? 0)));
  }
  return sums.reverse();
}

/**
 * The numbers as uPlot wants them: places on the x axis, the day before, then the stacked series.
 * @param {Bars} bars
 * @returns {number[][]}
 */
export function columns({ labels, series, before }) {
  return [labels.map((_label, at) => at), ...(before ? [before] : []), ...stacked(series)];
}

/**
 * Draws the bars and returns what draws them again with other numbers.
 * @param {HTMLElement} place
 * @param {Bars} bars
 */
export function drawBars(place, bars) {
  // The page loads uPlot as a script of its own, which is half the size of its module.
  const uPlot = /** @type {{ uPlot: typeof import("uplot") }} */ (/** @type {unknown} */ (globalThis)).uPlot;
  let shape = "";
  let shown = bars;
  /** @type {Plot | undefined} */
  let plot;

  /** @param {Bars} next */
  const show = (next) => {
    shown = next;
    const wanted = JSON.stringify([next.series.map((one) => one.name), next.before !== null]);
    if (plot && wanted === shape) {
      plot.setData(/** @type {import("uplot").AlignedData} */ (columns(next)));
      return;
    }
    shape = wanted;
    plot?.destroy();
    plot = new uPlot(
      options(/** @type {BarPaths} */ (uPlot.paths.bars), place, next, () => shown.labels),
      /** @type {import("uplot").AlignedData} */ (columns(next)),
      place,
    );
  };
  const again = () => {
    shape = "";
    show(shown);
  };
  show(bars);
  new ResizeObserver(() => plot?.setSize(sizeOf(place))).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  return show;
}

/** @param {HTMLElement} place */
function sizeOf(place) {
  return { width: Math.max(place.clientWidth, 100), height: Math.max(place.clientHeight, 100) };
}

/**
 * @param {BarPaths} paths
 * @param {HTMLElement} place
 * @param {Bars} bars
 * @param {() => string[]} labels
 * @returns {import("uplot").Options}
 */
function options(paths, place, { series, before }, labels) {
  const style = getComputedStyle(place);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(name).trim();
  const ink = colour("--ink-quiet");
  const font = `${Math.round(Number.parseFloat(style.fontSize))}px ${style.fontFamily}`;
  /** @param {number} align @param {string} fill */
  const bar = (align, fill) => ({
    fill,
    width: 0,
    points: { show: false },
    paths: paths({ size: [before ? 0.42 : 0.8, 60], align: /** @type {-1 | 0 | 1} */ (align) }),
  });
  const doors = series.map((_one, at) => bar(before ? 1 : 0, colour(`--bar-${(at % 6) + 1}`)));
  const tall = Math.round(Number.parseFloat(style.fontSize) * 2.2);
  return {
    ...sizeOf(place),
    legend: { show: false },
    cursor: { show: false },
    // With half a place at each end, so that the first and the last bar are whole.
    scales: {
      x: { time: false, range: (_plot, low, high) => [low - 0.6, high + 0.6] },
      y: { range: fromNought },
    },
    series: [{}, ...(before ? [bar(-1, colour("--bar-before"))] : []), ...doors.reverse()],
    axes: [
      {
        stroke: ink,
        font,
        size: tall,
        grid: { show: false },
        ticks: { show: false },
        splits: (plot) => spaced(labels().length, plot.width / (tall * 2.2)),
        values: (_plot, splits) => splits.map((at) => labels()[at] ?? ""),
      },
      {
        stroke: ink,
        font,
        size: tall * 1.5,
        grid: { stroke: colour("--line"), width: 1 },
        ticks: { show: false },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
      },
    ],
  };
}

/** @type {(plot: Plot, low: number, high: number) => [number, number]} */
const fromNought = (_plot, _low, high) => [0, Math.max(4, Math.ceil((high ?? 0) * 1.08))];

/**
 * Places for labels on full hours (every fourth place), so many that they fit.
 * @param {number} count
 * @param {number} fitting
 */
export function spaced(count, fitting) {
  const step = 4 * Math.max(1, Math.ceil(count / 4 / Math.max(fitting, 1)));
  return Array.from({ length: Math.ceil(count / step) }, (_one, at) => at * step);
}
