// What was counted is ordered: once the choice changes, it has to be looked at again.

const choice = document.querySelector(".print-form");
choice?.addEventListener("input", () => document.getElementById("found")?.remove());
