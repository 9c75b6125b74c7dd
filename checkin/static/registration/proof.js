// Solves a puzzle of our own server in ALTCHA's worker, beside the typing.

/**
 * The proof as the form sends it, or nothing where it can't be had: the form then goes as it is.
 * @param {string} puzzleAddress
 * @param {string} solverAddress
 * @returns {Promise<string>}
 */
export async function solve(puzzleAddress, solverAddress) {
  try {
    const answer = await fetch(puzzleAddress);
    if (!answer.ok) return "";
    const challenge = await answer.json();
    const solution = await worked(solverAddress, challenge);
    return solution ? btoa(JSON.stringify({ challenge, solution })) : "";
  } catch {
    return "";
  }
}

/**
 * @param {string} solverAddress
 * @param {unknown} challenge
 * @returns {Promise<unknown>}
 */
function worked(solverAddress, challenge) {
  const worker = new Worker(solverAddress);
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", (message) => resolve(message.data));
    worker.addEventListener("error", reject);
    worker.postMessage({ type: "work", challenge });
  }).finally(() => worker.terminate());
}
