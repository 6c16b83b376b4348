"use strict";
const field = (name) => document.getElementById(name);
const cards = [...document.querySelectorAll("article[data-crate]")];
const names = ["crate", "status", "kind", "state"];
const show = () => {
  const words = field("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const card of cards) {
    const text = card.textContent.toLowerCase();
    const fits = names.every((name) => !field(name).value || card.dataset[name] === field(name).value);
    card.hidden = !(fits && words.every((word) => text.includes(word)));
    shown += card.hidden ? 0 : 1;
  }
  for (const section of document.querySelectorAll("section[data-crate]")) {
    section.hidden = !section.querySelector("article:not([hidden])");
  }
  field("shown").textContent = `${shown} of ${cards.length} claims`;
};
for (const name of ["words", ...names]) {
  field(name).addEventListener("input", show);
  field(name).addEventListener("change", show);
}
// a link to a claim that a filter hides shows all again
addEventListener("hashchange", () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.closest("[hidden]")) {
    for (const name of ["words", ...names]) field(name).value = "";
    show();
    target.scrollIntoView();
  }
});
show();
